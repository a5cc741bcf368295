alter table orders alter column total drop not null;
