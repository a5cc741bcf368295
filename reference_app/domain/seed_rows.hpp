#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <quell/db/types.hpp>

#include "reference_app/domain/seed_shop_rows.hpp"

/// Invented data to try the service on. The same scale always gives the same rows.
namespace quell::reference {

/// Rows of each table, in columns; ids count from 1. Skewed as real data is: few users write most posts, few posts have
/// most comments, few tags are used most.
struct SeedRows {
  struct Users {
    std::vector<std::string> name, email;
    std::vector<db::Timestamp> created_at;
  } users;
  struct Posts {
    std::vector<std::int64_t> author_id;
    std::vector<std::string> title, body;
    std::vector<db::Timestamp> created_at;  ///< ascending with the id
  } posts;
  struct Comments {
    std::vector<std::int64_t> post_id, author_id;
    std::vector<std::string> body;
    std::vector<db::Timestamp> created_at;
  } comments;
  struct Tags {
    std::vector<std::string> name;
  } tags;
  struct PostTags {
    std::vector<std::int64_t> post_id, tag_id;
  } post_tags;
  ShopRows shop;
};

struct SeedSize {
  std::int64_t users = 1'000;
  std::int64_t posts = 20'000;
  std::int64_t comments = 40'000;
  std::int64_t products = 2'000;
  std::int64_t orders = 10'000;

  /// `scale` 1 is the default size; 0.1 a tenth of it, but at least one row of each.
  [[nodiscard]] static SeedSize scaled(double scale);
};

[[nodiscard]] SeedRows make_seed_rows(SeedSize size);

}  // namespace quell::reference
