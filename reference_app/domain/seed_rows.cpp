#include "reference_app/domain/seed_rows.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <string_view>

#include <fmt/format.h>

#include "reference_app/domain/seed_random.hpp"

namespace quell::reference {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 24> kFirstNames{"Ada",  "Bela", "Cleo", "Dario", "Edda", "Falk", "Gwen", "Hugo",
                                                       "Ines", "Jaro", "Kaia", "Levi",  "Mara", "Nils", "Odin", "Pia",
                                                       "Quin", "Rosa", "Sven", "Tess",  "Udo",  "Vera", "Wim",  "Yara"};
constexpr std::array<std::string_view, 20> kLastNames{
    "Amber", "Birch", "Cedar", "Dune",  "Ember",   "Fjord",  "Grove",  "Heath", "Islet",  "Juniper",
    "Knoll", "Larch", "Marsh", "North", "Orchard", "Pebble", "Quarry", "Ridge", "Spruce", "Tarn"};
constexpr std::array<std::string_view, 32> kWords{
    "index",  "query",  "table",  "cache",   "vacuum", "planner",  "tuple", "commit", "lock",   "sort",  "join",
    "filter", "bitmap", "heap",   "buffer",  "page",   "snapshot", "cost",  "row",    "column", "merge", "nested",
    "loop",   "hash",   "stream", "replica", "window", "cursor",   "batch", "scan",   "view",   "key"};
constexpr std::array<std::string_view, 24> kTagNames{
    "postgres", "performance", "indexes",   "sql",      "orm",       "tuning", "cpp",     "async",
    "testing",  "design",      "migration", "locking",  "vacuum",    "json",   "search",  "caching",
    "security", "operations",  "backup",    "replicas", "extension", "types",  "logging", "tools"};

std::string sentence(SeedRandom& random, std::int64_t words) {
  std::string text(random.pick(kWords));
  text[0] = static_cast<char>(text[0] - 'a' + 'A');
  for (std::int64_t i = 1; i < words; ++i) text.append(" ").append(random.pick(kWords));
  return text;
}

std::string paragraph(SeedRandom& random, std::int64_t sentences) {
  std::string text;
  for (std::int64_t i = 0; i < sentences; ++i) {
    if (i > 0) text += ' ';
    text += sentence(random, 6 + random.below(8)) + ".";
  }
  return text;
}

constexpr db::Timestamp kFirstDay{std::chrono::sys_days(std::chrono::year(2023) / 1 / 1)};

SeedRows::Users make_users(SeedRandom& random, std::int64_t count) {
  SeedRows::Users users;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto first = random.pick(kFirstNames);
    users.name.push_back(fmt::format("{} {}", first, random.pick(kLastNames)));
    std::string local(first);
    local[0] = static_cast<char>(local[0] - 'A' + 'a');
    users.email.push_back(fmt::format("{}.{}@example.org", local, i + 1));
    users.created_at.push_back(kFirstDay + i * 30min);
  }
  return users;
}

SeedRows::Posts make_posts(SeedRandom& random, SeedSize size) {
  SeedRows::Posts posts;
  for (std::int64_t i = 0; i < size.posts; ++i) {
    posts.author_id.push_back(id_of_rank(random.skewed_below(size.users), size.users));
    posts.title.push_back(sentence(random, 3 + random.below(5)));
    posts.body.push_back(paragraph(random, 3 + random.below(5)));
    posts.created_at.push_back(kFirstDay + 30 * 24h + i * 37min + random.below(1800) * 1s);
  }
  return posts;
}

SeedRows::Comments make_comments(SeedRandom& random, SeedSize size, const SeedRows::Posts& posts) {
  SeedRows::Comments comments;
  for (std::int64_t i = 0; i < size.comments; ++i) {
    const auto post_id = id_of_rank(random.skewed_below(size.posts), size.posts);
    comments.post_id.push_back(post_id);
    comments.author_id.push_back(id_of_rank(random.skewed_below(size.users), size.users));
    comments.body.push_back(paragraph(random, 1 + random.below(2)));
    comments.created_at.push_back(posts.created_at[static_cast<std::size_t>(post_id - 1)] +
                                  random.skewed_below(20 * 24 * 60) * 1min);
  }
  return comments;
}

SeedRows::PostTags make_post_tags(SeedRandom& random, std::int64_t posts) {
  SeedRows::PostTags links;
  std::vector<std::int64_t> chosen;
  for (std::int64_t post = 1; post <= posts; ++post) {
    chosen.clear();
    for (std::int64_t i = random.below(5); i > 0; --i) {
      const auto tag = random.skewed_below(kTagNames.size()) + 1;
      if (std::ranges::find(chosen, tag) == chosen.end()) chosen.push_back(tag);
    }
    for (const auto tag : chosen) {
      links.post_id.push_back(post);
      links.tag_id.push_back(tag);
    }
  }
  return links;
}

}  // namespace

SeedSize SeedSize::scaled(double scale) {
  const SeedSize one;
  const auto rows = [&](std::int64_t count) {
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(static_cast<double>(count) * scale));
  };
  return {rows(one.users), rows(one.posts), rows(one.comments), rows(one.products), rows(one.orders)};
}

SeedRows make_seed_rows(SeedSize size) {
  SeedRandom random(20240301);
  SeedRows rows;
  rows.users = make_users(random, size.users);
  rows.posts = make_posts(random, size);
  rows.comments = make_comments(random, size, rows.posts);
  rows.tags.name.assign(kTagNames.begin(), kTagNames.end());
  rows.post_tags = make_post_tags(random, size.posts);
  rows.shop = make_shop_rows({size.users, size.products, size.orders});
  return rows;
}

}  // namespace quell::reference
