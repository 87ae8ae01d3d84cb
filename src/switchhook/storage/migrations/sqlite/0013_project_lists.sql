-- A project's deliveries are found webhook by webhook: one index less to write for each delivery.
DROP INDEX deliveries_of_project;
