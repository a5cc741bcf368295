drop table idempotency_keys;
drop table refresh_tokens;
drop table credentials;
alter table users drop column role;
