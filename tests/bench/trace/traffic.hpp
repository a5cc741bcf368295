#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <quell/trace/writer.hpp>

namespace quell::trace::bench {

/// What the reference API does on `GET /posts?loading=lazy`: one query for 20 posts, then one for each post's author,
/// on one of eight connections whose requests overlap; times vary as measured ones do.
class Traffic {
 public:
  explicit Traffic(bool with_values) : with_values_(with_values) {}

  /// Writes about `queries` queries; returns how many.
  std::uint64_t write(Writer& writer, std::uint64_t queries) {
    const TextId route = writer.text("GET /posts");
    const TextId parent =
        writer.text("SELECT id, author_id, title, body, created_at FROM posts ORDER BY id LIMIT $1 OFFSET $2");
    const TextId child = writer.text("SELECT id, name, email FROM users WHERE id = $1");
    const TextId name = writer.text("quell_1");
    const StackId parent_site = writer.stack(std::array{Frame{name, route, 41}});
    const StackId child_site = writer.stack(std::array{Frame{name, route, 63}});
    const std::array posts{Column{route, 16401, 1, 20, true}, Column{name, 16401, 2, 20, true}};
    const std::array users{Column{route, 16405, 1, 20, true}};
    const ShapeId posts_shape = writer.shape(posts);
    const ShapeId users_shape = writer.shape(users);
    std::uint64_t written = 0;
    while (written < queries) {
      const std::uint64_t scope = ++scope_;
      time_ += 2000 + below(3000);
      writer.write(ScopeBegin{.time = time_, .id = scope, .name = route});
      const auto connection = static_cast<ConnectionId>(1 + below(8));
      std::array<std::int64_t, 20> authors;
      for (auto& author : authors) author = static_cast<std::int64_t>(1 + below(5000));
      const auto offset = static_cast<std::int64_t>(below(200) * 20);
      one(writer,
          {.id = ++query_,
           .connection = connection,
           .scope = scope,
           .text = parent,
           .statement_name = name,
           .stack = parent_site,
           .rows = 20,
           .bytes_sent = 62,
           .bytes_received = 4000 + below(800)},
          std::array{std::int64_t{20}, offset});
      if (with_values_) {
        std::vector<Value> values;
        for (int i = 0; i < 20; ++i) values.push_back(Value::integer(offset + i + 1));
        for (const std::int64_t author : authors) values.push_back(Value::integer(author));
        writer.write(ResultValues{query_, posts_shape, 20, 2, 20, values});
      }
      for (const std::int64_t author : authors) {
        one(writer,
            {.id = ++query_,
             .connection = connection,
             .scope = scope,
             .text = child,
             .statement_name = name,
             .stack = child_site,
             .rows = 1,
             .bytes_sent = 50,
             .bytes_received = 120 + below(40)},
            std::array{author});
        if (with_values_) writer.write(ResultValues{query_, users_shape, 1, 1, 1, std::array{Value::integer(author)}});
      }
      writer.write(ScopeEnd{.time = time_, .id = scope, .outcome = 200});
      written += 21;
    }
    return written;
  }

 private:
  std::uint64_t below(std::uint64_t bound) {
    random_ = random_ * 6364136223846793005U + 1442695040888963407U;
    return (random_ >> 33) % bound;
  }

  template <std::size_t N>
  void one(Writer& writer, Query query, const std::array<std::int64_t, N>& numbers) {
    std::array<std::array<char, 8>, N> bytes;
    std::array<Parameter, N> parameters;
    for (std::size_t i = 0; i < N; ++i) {
      const std::uint64_t big_endian = __builtin_bswap64(static_cast<std::uint64_t>(numbers[i]));
      std::memcpy(bytes[i].data(), &big_endian, 8);
      parameters[i] = {.type_oid = 20, .form = ParameterForm::binary, .bytes = {bytes[i].data(), 8}, .full_size = 8};
    }
    query.start = time_ + static_cast<Time>(3000 + below(4000));
    query.first_byte = query.start + static_cast<Time>(70'000 + below(60'000));
    query.complete = query.first_byte + static_cast<Time>(800 + below(1500));
    query.ready = query.complete + static_cast<Time>(200 + below(300));
    query.protocol = Protocol::extended;
    query.transaction_state = TransactionState::idle;
    query.flags = query_flag::kPrepared;
    query.parameters = parameters;
    writer.write(query);
    time_ = query.ready;
  }

  bool with_values_;
  std::uint64_t random_ = 42;
  Time time_ = 5'000'000'000;
  std::uint64_t scope_ = 0;
  std::uint64_t query_ = 0;
};

}  // namespace quell::trace::bench
