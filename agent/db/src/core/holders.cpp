#include "agent/db/src/core/holders.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace quell::db::core {
namespace {

bool held_longer(const Holders::Holder& a, const Holders::Holder& b) {
  return a.since < b.since;
}

}  // namespace

std::optional<Holders::Holder> Holders::remove(std::uint64_t slot) {
  const auto node = holders_.extract(slot);
  if (!node) return std::nullopt;
  return node.mapped();
}

std::optional<Holders::Time> Holders::next_overdue() const {
  if (report_after_ <= Duration::zero()) return std::nullopt;
  std::optional<Time> next;
  for (const auto& [slot, holder] : holders_)
    if (!holder.reported && (!next || holder.since + report_after_ < *next)) next = holder.since + report_after_;
  return next;
}

std::vector<Holders::Holder> Holders::take_overdue(Time now) {
  std::vector<Holder> overdue;
  if (report_after_ <= Duration::zero()) return overdue;
  for (auto& [slot, holder] : holders_) {
    if (holder.reported || now - holder.since < report_after_) continue;
    holder.reported = true;
    overdue.push_back(holder);
  }
  std::sort(overdue.begin(), overdue.end(), held_longer);
  return overdue;
}

std::string Holders::longest(Time now) const {
  constexpr std::size_t kShown = 3;
  std::vector<Holder> longest;
  for (const auto& [slot, holder] : holders_) longest.push_back(holder);
  std::sort(longest.begin(), longest.end(), held_longer);
  if (longest.size() > kShown) longest.resize(kShown);
  std::string text;
  for (const Holder& holder : longest)
    text += fmt::format("{}{:.1f} s by {}:{} ({})", text.empty() ? "" : ", ",
                        std::chrono::duration<double>(now - holder.since).count(), holder.site.file_name(),
                        holder.site.line(), holder.site.function_name());
  return text;
}

}  // namespace quell::db::core
