-- For how many seconds a receiver wanted nothing more, as it said with an attempt's answer.
ALTER TABLE attempts ADD COLUMN asked REAL;
