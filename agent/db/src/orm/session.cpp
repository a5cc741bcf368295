// What goes wrong with objects and relations, and what a session counts.

#include <quell/db/session.hpp>

#include <fmt/format.h>

namespace quell::db {
namespace detail {
namespace {

std::string place(const CallSite& site) {
  return fmt::format("{}:{} ({})", site.file_name(), site.line(), site.function_name());
}

}  // namespace

void RelationHolder::throw_unloaded() const {
  const std::string_view table = table_ != nullptr ? *table_ : "an object that was not loaded by a session";
  const std::string_view name = name_ != nullptr ? *name_ : "?";
  const std::string from = origin_ != nullptr ? "; the object was loaded by " + place(*origin_) : "";
  if (state_ == State::forbidden)
    throw UsageError(
        fmt::format("relation '{}' of '{}' was read, but its loading strategy is raise{}", name, table, from));
  throw UsageError(
      fmt::format("relation '{0}' of '{1}' was read before it was loaded: add .with(selectin(…)) to the select, "
                  "or co_await session.load(object, …){2}",
                  name, table, from));
}

void throw_column_not_loaded(const std::string_view* table, const char* column) {
  if (table == nullptr)
    throw UsageError(
        "a Deferrable column was read before it was loaded or set: the object was not loaded by a session");
  throw UsageError(
      fmt::format("column '{}' of '{}' was read, but its query left it out (load_only, defer)", column, *table));
}

void throw_left_out(std::string_view table, std::string_view column) {
  throw UsageError(
      fmt::format("load_only leaves out column '{}' of '{}', whose member would look like a value: name it "
                  "too, or declare it Deferrable",
                  column, table));
}

void throw_not_described(std::string_view table) {
  throw UsageError(fmt::format(
      "a member of the model of '{}' is used as a column but not named in its BOOST_DESCRIBE_STRUCT", table));
}

void throw_not_declared(std::string_view table) {
  throw UsageError(fmt::format("a relation of '{}' is not declared in its Model", table));
}

void throw_raise(std::string_view table, std::string_view relation, const CallSite& site) {
  throw UsageError(fmt::format("relation '{}' of '{}' must not be loaded here (strategy raise), but {} does", relation,
                               table, place(site)));
}

void throw_cannot_join(std::string_view table, std::string_view relation) {
  throw UsageError(
      fmt::format("relation '{}' of '{}' cannot be joined to objects that are here already: load it with selectin",
                  relation, table));
}

void throw_no_key(std::string_view table) {
  throw DecodeError(fmt::format("a row of '{}' has no key: its key column is NULL", table), "", "a key", "NULL",
                    DecodeError::kNoRow);
}

void match_columns(const Result& result, std::string_view table, const std::string_view* names, const bool* may_lack,
                   std::size_t* places, std::size_t count) {
  std::size_t matched = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto place = result.column_index(names[i]);
    if (!place && !may_lack[i])
      throw DecodeError(fmt::format("the result lacks column '{}' of '{}'", names[i], table), std::string(names[i]),
                        "a column of this name", "none", DecodeError::kNoRow);
    places[i] = place.value_or(SIZE_MAX);
    if (place) ++matched;
  }
  if (matched == result.columns()) return;
  for (std::size_t c = 0; c < result.columns(); ++c)
    if (std::find(places, places + count, c) == places + count)
      throw DecodeError(fmt::format("the result has column '{}', which the model of '{}' does not have",
                                    result.column_name(c), table),
                        std::string(result.column_name(c)), "no such column", "one", DecodeError::kNoRow);
}

}  // namespace detail

Awaitable<Result> Session::run(detail::BoundStatement bound, CallSite site) {
  Result result = co_await connection_->query(Call(bound.statement, site), std::move(bound.parameters));
  co_return result;
}

void Session::count_lazy_load(std::string_view table, const std::string_view& relation, const CallSite& site) {
  if (lazy_limit_ == 0) return;
  if (++lazy_loads_[{&relation, site.file_name(), site.line()}] <= lazy_limit_) return;
  throw UsageError(fmt::format(
      "relation '{0}' of '{1}' was loaded lazily more than {2} times by {3}: an N+1. Load it for all objects at once, "
      "with .with(selectin(…)) or co_await session.load(objects, …)",
      relation, table, lazy_limit_, detail::place(site)));
}

}  // namespace quell::db
