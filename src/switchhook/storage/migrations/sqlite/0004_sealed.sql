-- Where deliveries go, and with which headers, lets in whoever knows it: from now on it is sealed.

ALTER TABLE deliveries ADD COLUMN sealed BLOB;
