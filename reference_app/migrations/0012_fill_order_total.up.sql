-- Data only, so that it can be watched, repeated and tuned apart from any change of the schema.
update orders
set total = (select coalesce(sum(quantity * unit_price), 0) from order_items where order_id = orders.id)
where total is null;
