#include <quell/db/schema.hpp>
#include <quell/db/sync_connection.hpp>

#include "agent/db/src/migrate/version_table.hpp"

namespace quell::db {
namespace {

/// One line an object. $1: the table to leave out. What extensions made is left out, they are named themselves.
constexpr const char* kDescription = R"(
with ours as (
  select oid, nspname, nspacl, nspowner from pg_namespace
  where nspname !~ '^pg_' and nspname <> 'information_schema'),
part as (select classid, objid from pg_depend where deptype = 'e'),
rel as (
  select c.*, format('%I.%I', o.nspname, c.relname) as title from pg_class c join ours o on o.oid = c.relnamespace
  where c.oid is distinct from to_regclass($1)::oid
    and not exists (select from part where classid = 'pg_class'::regclass and objid = c.oid)),
lines(line) as (
  select format('schema %I%s', nspname,
      (select ' granted ' || string_agg(format('%s to %s', a.privilege_type, a.grantee::regrole), ', ' order by 1)
       from aclexplode(nspacl) a where a.grantee <> nspowner))
  from ours where nspname <> 'public'
  union all
  select concat(case relkind when 'r' then 'table ' when 'p' then 'table ' when 'v' then 'view '
                  when 'm' then 'materialized view ' when 'S' then 'sequence ' else 'foreign table ' end, title,
      case when relpersistence <> 'p' then ' unlogged' end,
      ' partition by ' || pg_get_partkeydef(oid),
      (select ' under ' || string_agg(inhparent::regclass::text, ', ' order by inhseqno) from pg_inherits
       where inhrelid = rel.oid),
      ' ' || pg_get_expr(relpartbound, oid), ' with ' || reloptions::text,
      case when relrowsecurity then ' row security' end, case when relforcerowsecurity then ' forced' end,
      (select format(' %s start %s by %s from %s to %s cache %s cycle %s', format_type(seqtypid, null), seqstart,
                     seqincrement, seqmin, seqmax, seqcache, seqcycle) from pg_sequence where seqrelid = rel.oid),
      (select ' granted ' || string_agg(format('%s to %s', a.privilege_type, a.grantee::regrole), ', ' order by 1)
       from aclexplode(relacl) a where a.grantee <> relowner),
      case when relkind in ('v', 'm') then ': ' || pg_get_viewdef(oid) end)
  from rel where relkind in ('r', 'p', 'v', 'm', 'S', 'f')
  union all
  select concat('column ', title, '.', quote_ident(attname), ' ', format_type(atttypid, atttypmod),
      case when attcollation <> typcollation then ' collate ' || attcollation::regcollation end,
      case when attnotnull then ' not null' end,
      case attidentity when 'a' then ' identity always' when 'd' then ' identity' end,
      case attgenerated when '' then ' default ' else ' generated ' end || pg_get_expr(adbin, adrelid))
  from rel join pg_attribute a on attrelid = rel.oid and attnum > 0 and not attisdropped
  join pg_type t on t.oid = atttypid left join pg_attrdef on adrelid = rel.oid and adnum = attnum
  where relkind in ('r', 'p', 'f', 'c', 'm')
  union all
  select format('constraint %I of %s: %s', conname, title, pg_get_constraintdef(k.oid))
  from rel join pg_constraint k on conrelid = rel.oid where contype <> 't'
  union all
  select concat('index ', title, ': ', pg_get_indexdef(rel.oid), case when not indisvalid then ' (invalid)' end)
  from rel join pg_index on indexrelid = rel.oid
  where indrelid is distinct from to_regclass($1)::oid
  union all
  select format('trigger %I of %s: %s %s', tgname, title, pg_get_triggerdef(t.oid), tgenabled)
  from rel join pg_trigger t on tgrelid = rel.oid where not tgisinternal
  union all
  select concat('function ', p.oid::regprocedure, case when prokind <> 'a' then ': ' || pg_get_functiondef(p.oid) end,
      (select ' granted ' || string_agg(format('%s to %s', a.privilege_type, a.grantee::regrole), ', ' order by 1)
       from aclexplode(proacl) a where a.grantee <> proowner))
  from pg_proc p join ours on ours.oid = pronamespace
  where not exists (select from part where classid = 'pg_proc'::regclass and objid = p.oid)
  union all
  select concat(case typtype when 'e' then 'enum ' when 'd' then 'domain ' else 'range ' end, t.oid::regtype,
      ' of ' || (select string_agg(quote_literal(enumlabel), ', ' order by enumsortorder) from pg_enum
                 where enumtypid = t.oid),
      case when typtype = 'd' then ' of ' || format_type(typbasetype, typtypmod) end,
      case when typtype = 'd' and typnotnull then ' not null' end, ' default ' || typdefault,
      (select ' of ' || format_type(rngsubtype, null) from pg_range where rngtypid = t.oid),
      (select ' ' || string_agg(format('constraint %I %s', conname, pg_get_constraintdef(k.oid)), ' ' order by conname)
       from pg_constraint k where contypid = t.oid))
  from pg_type t join ours on ours.oid = typnamespace
  where typtype in ('e', 'd', 'r') and not exists (select from part where classid = 'pg_type'::regclass and objid = t.oid)
  union all
  select format('extension %I %s', extname, extversion) from pg_extension where extname <> 'plpgsql'
  union all
  select format('policy %I of %I.%I: %s %s to %s using (%s) check (%s)', policyname, schemaname, tablename, permissive,
                cmd, roles, qual, with_check)
  from pg_policies
  union all
  select format('rule %I: %s', rulename, definition) from pg_rules
  where rulename <> '_RETURN' and schemaname in (select nspname from ours)
  union all
  select 'statistics ' || pg_get_statisticsobjdef(s.oid) from pg_statistic_ext s join ours on ours.oid = stxnamespace
  union all
  select format('comment on %s: %s', pg_describe_object(classoid, objoid, objsubid), description)
  from pg_description d
  where objoid >= 16384 and not exists (select from part where part.classid = d.classoid and part.objid = d.objoid))
select line from lines order by line collate "C")";

}  // namespace

std::vector<std::string> describe_schema(SyncConnection& connection, std::string_view version_table) {
  const migrate::VersionTable table{std::string(version_table)};
  const SyncResult rows = connection.query(kDescription, {{0, trace::Format::text, table.quoted()}});
  std::vector<std::string> lines;
  for (std::size_t row = 0; row < rows.rows(); ++row) lines.emplace_back(rows.value(row, 0));
  return lines;
}

}  // namespace quell::db
