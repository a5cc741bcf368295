#include "agent/proxy/hook_marks.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

namespace quell::proxy {
namespace {

constexpr auto kSource = trace::Source::hook;
constexpr std::string_view kUnfinished = "(not finished)";

/// Far more than a program has; a hook gone wild must not fill our memory.
constexpr std::size_t kStacks = 200'000;
constexpr std::size_t kOpenScopes = 100'000;
constexpr std::size_t kEndedScopes = 4'096;
constexpr std::size_t kClients = 100'000;
constexpr std::size_t kMarks = 100'000;
/// Of a connection the proxy has not seen: its first calls, or it goes to another server.
constexpr std::size_t kMarksOfUnknown = 4'096;
constexpr std::size_t kFrames = 64;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

/// Of a W3C traceparent; all zero where it is none.
trace::TraceContext trace_context(std::string_view traceparent) {
  trace::TraceContext id{};
  if (traceparent.size() != 55) return id;
  for (std::size_t i = 0; i < id.size(); ++i) {
    const int high = hex_digit(traceparent[3 + 2 * i]);
    const int low = hex_digit(traceparent[4 + 2 * i]);
    if (high < 0 || low < 0) return {};
    id[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return id;
}

}  // namespace

class HookMarks::Fields {
 public:
  explicit Fields(std::string_view line) : rest_(line) {}

  [[nodiscard]] bool empty() const { return ended_; }
  std::string_view text() {
    if (ended_) {
      failed_ = true;
      return {};
    }
    const std::size_t tab = std::min(rest_.find('\t'), rest_.size());
    const std::string_view field = rest_.substr(0, tab);
    ended_ = tab == rest_.size();
    rest_.remove_prefix(ended_ ? tab : tab + 1);
    return field;
  }
  template <typename T = std::int64_t>
  T number() {
    const std::string_view field = text();
    T value{};
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    if (error != std::errc() || end != field.data() + field.size()) failed_ = true;
    return value;
  }
  /// Token and id of a stack or scope; empty for id 0.
  std::string key() {
    const std::string_view token = text();
    return key_of(token, text());
  }
  static std::string key_of(std::string_view token, std::string_view id) {
    return id == "0" ? std::string() : std::string(token) + " " + std::string(id);
  }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  std::string_view rest_;
  bool ended_ = false;
  bool failed_ = false;
};

void HookMarks::take(std::string_view line, trace::Writer& writer) {
  Fields fields(line);
  const std::string_view what = fields.text();
  if (what == "s") {
    call_site(fields, writer);
  } else if (what == "c") {
    call(fields);
  } else if (what == "b") {
    begin_scope(fields);
  } else if (what == "e") {
    end_scope(fields, writer);
  } else if (what == "l") {
    const auto count = fields.number<std::uint32_t>();
    if (!fields.failed()) lost_ += count;
  }
}

void HookMarks::call_site(Fields& fields, trace::Writer& writer) {
  std::string key = fields.key();
  std::vector<trace::Frame> frames;
  while (!fields.empty() && frames.size() < kFrames) {
    trace::Frame frame;
    frame.function = writer.text(fields.text(), kSource);
    frame.file = writer.text(fields.text(), kSource);
    frame.line = fields.number<std::uint32_t>();
    if (fields.failed()) break;
    frames.push_back(frame);
  }
  if (frames.empty() || stacks_.size() >= kStacks) return;
  stacks_.emplace(std::move(key), writer.stack(frames, kSource));
}

void HookMarks::call(Fields& fields) {
  const std::string address(fields.text());
  Mark mark;
  mark.time = fields.number();
  const std::string_view token = fields.text();
  const std::string stack = Fields::key_of(token, fields.text());
  const std::string scope = Fields::key_of(token, fields.text());
  const std::string_view mode = fields.text();
  if (fields.failed()) return;
  mark.single = mode != "r";
  mark.first = mode == "f";
  ++calls_;
  if (const auto found = stacks_.find(stack); found != stacks_.end()) mark.stack = found->second;
  if (const auto found = open_.find(scope); found != open_.end()) mark.scope = found->second.id;
  if (clients_.size() >= kClients && clients_.find(address) == clients_.end()) return;
  Client& client = clients_[address];
  client.marks.push_back(mark);
  if (client.marks.size() > (client.connection == 0 ? kMarksOfUnknown : kMarks)) client.marks.pop_front();
}

void HookMarks::begin_scope(Fields& fields) {
  const std::string_view token = fields.text();
  const std::string key = Fields::key_of(token, fields.text());
  trace::ScopeBegin begin;
  begin.time = fields.number();
  const std::string_view kind = fields.text();
  const std::string parent = Fields::key_of(token, fields.text());
  begin.trace_context = trace_context(fields.text());
  if (fields.failed() || open_.size() >= kOpenScopes) return;
  begin.kind = kind == "t" ? trace::ScopeKind::test : kind == "j" ? trace::ScopeKind::job : trace::ScopeKind::request;
  begin.rule = trace::ScopeRule::hook_mark;
  if (const auto found = open_.find(parent); found != open_.end()) begin.parent = found->second.id;
  begin.id = next_scope_++;
  open_.insert_or_assign(key, begin);
}

void HookMarks::end_scope(Fields& fields, trace::Writer& writer) {
  const auto found = open_.find(fields.key());
  trace::ScopeEnd end;
  end.time = fields.number();
  end.outcome = fields.number<std::int32_t>();
  const std::string_view name = fields.text();
  if (fields.failed() || found == open_.end()) return;
  // The name is known only now: frameworks find the route after the request has begun.
  trace::ScopeBegin begin = found->second;
  begin.name = writer.text(name, kSource);
  end.id = begin.id;
  writer.write(begin, kSource);
  writer.write(end, kSource);
  open_.erase(found);
  remember_end(end.id, end.time);
}

void HookMarks::remember_end(trace::ScopeId scope, trace::Time time) {
  ends_.emplace(scope, time);
  ended_.push_back(scope);
  if (ended_.size() <= kEndedScopes) return;
  ends_.erase(ended_.front());
  ended_.pop_front();
}

void HookMarks::connected(trace::ConnectionId connection, const std::vector<std::string>& addresses, trace::Time time) {
  for (const std::string& address : addresses) {
    if (address.empty()) continue;
    Client& client = clients_[address];
    client.connection = connection;
    // What came before is of an earlier connection from the same port.
    while (!client.marks.empty() && client.marks.front().time < time) client.marks.pop_front();
    addresses_[connection].push_back(address);
  }
}

void HookMarks::disconnected(trace::ConnectionId connection) {
  const auto addresses = addresses_.find(connection);
  if (addresses == addresses_.end()) return;
  for (const std::string& address : addresses->second) {
    const auto client = clients_.find(address);
    if (client != clients_.end() && client->second.connection == connection) clients_.erase(client);
  }
  addresses_.erase(addresses);
}

HookMarks::CallSite HookMarks::of(trace::ConnectionId connection, trace::Time start) {
  const auto addresses = addresses_.find(connection);
  if (addresses == addresses_.end()) return {};
  for (const std::string& address : addresses->second) {
    const auto client = clients_.find(address);
    if (client != clients_.end() && !client->second.marks.empty()) return site_of(client->second.marks, start);
  }
  return {};
}

HookMarks::CallSite HookMarks::site_of(std::deque<Mark>& marks, trace::Time start) {
  // What stands before a first one and was not executed by then never will be.
  std::size_t void_marks = 0;
  for (std::size_t i = 1; i < marks.size() && marks[i].time <= start; ++i) {
    if (marks[i].first) void_marks = i;
  }
  marks.erase(marks.begin(), marks.begin() + static_cast<std::ptrdiff_t>(void_marks));
  while (marks.size() > 1 && marks[1].time <= start && (!marks.front().single || marks.front().used)) marks.pop_front();
  Mark& mark = marks.front();
  if (mark.time > start) return {};
  mark.used = true;
  // A pool's clean-up after the request is neither in it nor at the place of its last call.
  const auto end = ends_.find(mark.scope);
  if (mark.scope != 0 && end != ends_.end() && end->second < start) return {};
  return {mark.stack, mark.scope};
}

void HookMarks::finish(trace::Writer& writer) {
  for (auto& [key, begin] : open_) {
    begin.name = writer.text(kUnfinished, kSource);
    writer.write(begin, kSource);
  }
  open_.clear();
}

}  // namespace quell::proxy
