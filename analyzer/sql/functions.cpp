#include "analyzer/sql/functions.hpp"

#include <algorithm>
#include <array>

namespace quell::sql {
namespace {

// Each list is sorted: looked up by bisection. Names are those of the PostgreSQL manual, chapter 9.
// clang-format off
constexpr auto kAggregates = std::to_array<std::string_view>({
    "array_agg", "avg", "bit_and", "bit_or", "bit_xor", "bool_and", "bool_or", "corr", "count", "covar_pop",
    "covar_samp", "every", "json_agg", "json_object_agg", "jsonb_agg", "jsonb_object_agg", "max", "min", "mode",
    "percentile_cont", "percentile_disc", "range_agg", "range_intersect_agg", "regr_avgx", "regr_avgy",
    "regr_count", "regr_intercept", "regr_r2", "regr_slope", "regr_sxx", "regr_sxy", "regr_syy", "stddev",
    "stddev_pop", "stddev_samp", "string_agg", "sum", "var_pop", "var_samp", "variance", "xmlagg"});

constexpr auto kSession = std::to_array<std::string_view>({
    "current_catalog", "current_database", "current_schema", "current_schemas", "current_setting",
    "inet_server_addr", "inet_server_port", "obj_description", "pg_backend_pid", "pg_encoding_to_char",
    "pg_get_userbyid", "pg_is_in_recovery", "pg_postmaster_start_time", "set_config", "to_regclass",
    "to_regnamespace", "to_regtype", "version"});

constexpr auto kSafe = std::to_array<std::string_view>({
    "abs", "acos", "acosd", "acosh", "age", "array_append", "array_cat", "array_dims", "array_fill", "array_length",
    "array_lower", "array_ndims", "array_position", "array_positions", "array_prepend", "array_remove",
    "array_replace", "array_to_json", "array_to_string", "array_upper", "ascii", "asin", "asind", "asinh", "atan",
    "atan2", "atan2d", "atand", "atanh", "bit_count", "bit_length", "btrim", "cardinality", "cbrt", "ceil",
    "ceiling", "char_length", "character_length", "chr", "coalesce", "concat", "concat_ws", "convert",
    "convert_from", "convert_to", "cos", "cosd", "cosh", "cot", "cotd", "cume_dist", "current_catalog",
    "current_database", "current_schema", "current_schemas", "current_setting", "current_user", "date", "date_bin",
    "date_part", "date_trunc", "decode", "degrees", "dense_rank", "div", "encode", "exp", "extract", "factorial",
    "first_value", "floor", "format", "gcd", "generate_series", "generate_subscripts", "get_bit", "get_byte",
    "greatest", "initcap", "isempty", "isfinite", "json_array_elements", "json_array_elements_text",
    "json_array_length", "json_build_array", "json_build_object", "json_each", "json_each_text",
    "json_extract_path", "json_extract_path_text", "json_object", "json_object_keys", "json_strip_nulls",
    "json_to_record", "json_to_recordset", "json_typeof", "jsonb_array_elements", "jsonb_array_elements_text",
    "jsonb_array_length", "jsonb_build_array", "jsonb_build_object", "jsonb_each", "jsonb_each_text",
    "jsonb_exists", "jsonb_extract_path", "jsonb_extract_path_text", "jsonb_insert", "jsonb_object",
    "jsonb_object_keys", "jsonb_path_exists", "jsonb_path_match", "jsonb_path_query", "jsonb_path_query_array",
    "jsonb_path_query_first", "jsonb_pretty", "jsonb_set", "jsonb_strip_nulls", "jsonb_to_record",
    "jsonb_to_recordset", "jsonb_typeof", "justify_days", "justify_hours", "justify_interval", "lag", "last_value",
    "lcm", "lead", "least", "left", "length", "like_escape", "ln", "localtime", "log", "log10", "lower",
    "lower_inc", "lower_inf", "lpad", "ltrim", "make_date", "make_interval", "make_time", "make_timestamp",
    "make_timestamptz", "md5", "min_scale", "mod", "normalize", "now", "nth_value", "ntile", "nullif",
    "num_nonnulls", "num_nulls", "numnode", "octet_length", "overlaps", "overlay", "percent_rank",
    "phraseto_tsquery", "pi", "plainto_tsquery", "position", "power", "quote_ident", "quote_literal",
    "quote_nullable", "radians", "range_merge", "rank", "regexp_count", "regexp_instr", "regexp_like",
    "regexp_match", "regexp_matches", "regexp_replace", "regexp_split_to_array", "regexp_split_to_table",
    "regexp_substr", "repeat", "replace", "reverse", "right", "round", "row_number", "row_to_json", "rpad", "rtrim",
    "scale", "sha256", "sign", "similar_escape", "similarity", "sin", "split_part", "sqrt", "starts_with",
    "string_to_array", "strpos", "substr", "substring", "tan", "tand", "tanh", "timezone", "to_char", "to_date",
    "to_json", "to_jsonb", "to_number", "to_timestamp", "to_tsquery", "to_tsvector", "transaction_timestamp",
    "translate", "trim", "trim_scale", "trunc", "ts_headline", "ts_rank", "ts_rank_cd", "unaccent", "unnest",
    "upper", "upper_inc", "upper_inf", "version", "websearch_to_tsquery", "width_bucket", "xmlelement", "xmlforest",
    "xpath", "xpath_exists"});
// clang-format on

static_assert(std::is_sorted(kAggregates.begin(), kAggregates.end()));
static_assert(std::is_sorted(kSession.begin(), kSession.end()));
static_assert(std::is_sorted(kSafe.begin(), kSafe.end()));

}  // namespace

bool is_aggregate(std::string_view name) {
  return std::binary_search(kAggregates.begin(), kAggregates.end(), name);
}
bool is_session_function(std::string_view name) {
  return std::binary_search(kSession.begin(), kSession.end(), name);
}
bool is_catalog_function(std::string_view name) {
  if (name == "format_type" || name == "col_description" || name == "shobj_description") return true;
  return name.starts_with("pg_get_") || name.starts_with("pg_table_") || name.starts_with("pg_relation_") ||
         name.starts_with("has_") || name.ends_with("_is_visible");
}
bool is_safe_function(std::string_view name) {
  return std::binary_search(kSafe.begin(), kSafe.end(), name) || is_aggregate(name);
}

}  // namespace quell::sql
