#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <quell/db/connection.hpp>

namespace quell::db {

enum class PipelineMode : std::uint8_t {
  /// Each statement stands alone, as if sent by itself: a failed one leaves the others as they are.
  independent,
  /// All or nothing, in one implicit transaction: the first failure undoes the others.
  atomic,
};

namespace detail {
/// One statement of a pipeline, and what became of it.
struct PipelineItem {
  PipelineItem(Call c, Parameters p) : call(c), parameters(std::move(p)) {}
  Call call;
  Parameters parameters;
  Result result;
  std::exception_ptr error;
  bool done = false;
};
}  // namespace detail

class Pipeline;

/// Where the answer to one statement of a pipeline will be. Valid as long as its pipeline.
template <class T>
class PipelineSlot {
 public:
  /// The rows as T after the pipeline ran; throws this statement's own error.
  [[nodiscard]] std::vector<T> get() const;
  /// As Result::one.
  [[nodiscard]] T one() const;

 private:
  friend class Pipeline;
  explicit PipelineSlot(const detail::PipelineItem& item) : item_(&item) {}
  const detail::PipelineItem* item_;
};

template <>
class PipelineSlot<Result> {
 public:
  /// Throws this statement's own error.
  [[nodiscard]] const Result& get() const;

 private:
  friend class Pipeline;
  explicit PipelineSlot(const detail::PipelineItem& item) : item_(&item) {}
  const detail::PipelineItem* item_;
};

/// Several statements in one round trip. What is in flight at a time is bounded by count and bytes, and answers are
/// read while statements are sent, so that neither side waits for the other for ever.
///
///     Pipeline pipeline(connection);
///     const auto author = pipeline.add<User>("select id, name from users where id = $1", id);
///     const auto posts = pipeline.add<Post>("select … where author_id = $1", id);
///     co_await pipeline.run();
///     use(author.one(), posts.get());
class Pipeline {
 public:
  explicit Pipeline(Connection& connection) : connection_(&connection) {}
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  template <class T = Result, class... Values>
  PipelineSlot<T> add(Call call, const Values&... values) {
    items_.push_back(std::make_unique<detail::PipelineItem>(call, Parameters::of(values...)));
    return PipelineSlot<T>(*items_.back());
  }
  template <class T = Result>
  PipelineSlot<T> add(Call call, Parameters parameters) {
    items_.push_back(std::make_unique<detail::PipelineItem>(call, std::move(parameters)));
    return PipelineSlot<T>(*items_.back());
  }

  /// Sends everything added since the last run. An error of one statement is in its slot; in atomic mode it is thrown
  /// too. A lost connection, a passed deadline and the like are thrown.
  [[nodiscard]] Awaitable<void> run(PipelineMode mode = PipelineMode::independent);

  [[nodiscard]] std::size_t size() const { return items_.size(); }

 private:
  Connection* connection_;
  std::vector<std::unique_ptr<detail::PipelineItem>> items_;
  std::size_t finished_ = 0;
};

namespace detail {
[[noreturn]] void throw_not_run();

inline const Result& answer(const PipelineItem& item) {
  if (item.error) std::rethrow_exception(item.error);
  if (!item.done) throw_not_run();
  return item.result;
}
}  // namespace detail

template <class T>
std::vector<T> PipelineSlot<T>::get() const {
  return detail::answer(*item_).template as<T>();
}
template <class T>
T PipelineSlot<T>::one() const {
  return detail::answer(*item_).template one<T>();
}
inline const Result& PipelineSlot<Result>::get() const {
  return detail::answer(*item_);
}

}  // namespace quell::db
