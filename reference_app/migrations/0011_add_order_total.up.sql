-- Expand: the column is there, empty. 0012 fills it, 0013 requires it.
alter table orders add column total numeric(14, 2);
