#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <boost/describe/class.hpp>

#include <quell/db/session.hpp>

/// An invented shop: what the blog does not have. Generated columns, arrays, jsonb, an enum, full text, a table that
/// refers to itself, keys of two columns.
namespace quell::db::test {

struct Product {
  std::int64_t id = 0;
  std::string name;
  std::optional<std::string> note;
  std::int32_t price = 0;
  bool sold_out = false;
  std::string state = "new";
  Jsonb details{"{}"};
  Timestamp created{};
};
BOOST_DESCRIBE_STRUCT(Product, (), (id, name, note, price, sold_out, state, details, created))

struct Article {
  std::int64_t id = 0;
  std::string title;
  std::vector<std::string> tags;
  Deferrable<std::string> body;
  Deferrable<std::optional<std::string>> summary;
};
BOOST_DESCRIBE_STRUCT(Article, (), (id, title, tags, body, summary))

struct Employee {
  std::int32_t id = 0;
  std::string name;
  std::optional<std::int32_t> manager_id;
  One<Employee> manager;
  Many<Employee> reports;
};
BOOST_DESCRIBE_STRUCT(Employee, (), (id, name, manager_id))

struct Parcel;
struct Label;

/// A line of an order: its key is the order and the number on it.
struct Line {
  std::int64_t order_id = 0;
  std::int32_t number = 0;
  std::string item;
  Many<Parcel> parcels;
  Many<Label> labels;
};
BOOST_DESCRIBE_STRUCT(Line, (), (order_id, number, item))

struct Parcel {
  std::int64_t id = 0;
  std::optional<std::int64_t> order_id;
  std::optional<std::int32_t> line_number;
  One<Line> line;
};
BOOST_DESCRIBE_STRUCT(Parcel, (), (id, order_id, line_number))

struct Label {
  std::string name;
  Many<Line> lines;
};
BOOST_DESCRIBE_STRUCT(Label, (), (name))

inline constexpr const char* kShopSchema = R"(
  create type product_state as enum ('new', 'used');
  create table products (id bigint generated always as identity primary key, name text not null unique, note text,
                         price int not null, sold_out bool not null, state product_state not null,
                         details jsonb not null, created timestamptz not null default '2026-01-02 03:04:05Z');
  create table articles (id bigint primary key, title text not null, tags text[] not null, body text not null,
                         summary text, search tsvector generated always as (to_tsvector('english', body)) stored);
  create table employees (id int primary key, name text not null, manager_id int references employees);
  create table lines (order_id bigint, number int, item text not null, primary key (order_id, number));
  create table parcels (id bigint primary key, order_id bigint, line_number int,
                        foreign key (order_id, line_number) references lines);
  create table labels (name text primary key);
  create table line_labels (line_order bigint, line_number int, label text references labels,
                            primary key (line_order, line_number, label),
                            foreign key (line_order, line_number) references lines);
)";

}  // namespace quell::db::test

template <>
struct quell::db::Model<quell::db::test::Product> {
  using Product = quell::db::test::Product;
  static constexpr std::string_view kTable = "products";
  static constexpr auto kKey = &Product::id;
  static constexpr auto kGenerated = std::tuple(&Product::id, &Product::created);
  static constexpr auto kTypes = std::tuple(column_type(&Product::state, "product_state"));
};

template <>
struct quell::db::Model<quell::db::test::Article> {
  static constexpr std::string_view kTable = "public.articles";
  static constexpr auto kKey = &quell::db::test::Article::id;
};

template <>
struct quell::db::Model<quell::db::test::Employee> {
  using Employee = quell::db::test::Employee;
  static constexpr std::string_view kTable = "employees";
  static constexpr auto kKey = &Employee::id;
  static constexpr auto kRelations = std::tuple(many_to_one("manager", &Employee::manager, &Employee::manager_id),
                                                one_to_many("reports", &Employee::reports, &Employee::manager_id));
};

template <>
struct quell::db::Model<quell::db::test::Line> {
  using Line = quell::db::test::Line;
  using Parcel = quell::db::test::Parcel;
  static constexpr std::string_view kTable = "lines";
  static constexpr auto kKey = std::tuple(&Line::order_id, &Line::number);
  static constexpr auto kRelations = std::tuple(
      one_to_many("parcels", &Line::parcels, std::tuple(&Parcel::order_id, &Parcel::line_number)),
      many_to_many("labels", &Line::labels, "line_labels", std::array<std::string_view, 2>{"line_order", "line_number"},
                   std::array<std::string_view, 1>{"label"}));
};

template <>
struct quell::db::Model<quell::db::test::Parcel> {
  using Parcel = quell::db::test::Parcel;
  static constexpr std::string_view kTable = "parcels";
  static constexpr auto kKey = &Parcel::id;
  static constexpr auto kRelations =
      std::tuple(many_to_one("line", &Parcel::line, std::tuple(&Parcel::order_id, &Parcel::line_number)));
};

template <>
struct quell::db::Model<quell::db::test::Label> {
  using Label = quell::db::test::Label;
  static constexpr std::string_view kTable = "labels";
  static constexpr auto kKey = &Label::name;
  static constexpr auto kRelations =
      std::tuple(many_to_many("lines", &Label::lines, "line_labels", std::array<std::string_view, 1>{"label"},
                              std::array<std::string_view, 2>{"line_order", "line_number"}));
};
