#include "tests/unit/detect/corpus.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <stdexcept>

namespace quell::test {
namespace {

using Record = std::map<std::string, Cell>;
using Records = std::vector<Record>;

/// A number, a text, a record of a result, or a list of keys.
struct Value {
  Cell cell = nullptr;
  Record record;
  std::vector<Cell> list;
};

using Environment = std::map<std::string, Value>;

/// Recursive descent over the expressions of the corpus: + - * / % ( ) numbers 'texts' names names.column [list].
class Expression {
 public:
  Expression(std::string_view text, const Environment& environment) : text_(text), environment_(environment) {}

  Cell cell() {
    Cell value = sum();
    skip();
    if (at_ != text_.size()) throw std::runtime_error("cannot read '" + std::string(text_) + "'");
    return value;
  }

 private:
  Cell sum() {
    Cell left = product();
    for (skip(); at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-'); skip()) {
      const char op = text_[at_++];
      const Cell right = product();
      const bool texts = std::holds_alternative<std::string>(left) || std::holds_alternative<std::string>(right);
      if (texts) {
        left = as_text(left) + as_text(right);
      } else {
        left = op == '+' ? number(left) + number(right) : number(left) - number(right);
      }
    }
    return left;
  }

  Cell product() {
    Cell left = atom();
    for (skip(); at_ < text_.size() && (text_[at_] == '*' || text_[at_] == '%' || text_[at_] == '/'); skip()) {
      const char op = text_[at_++];
      const std::int64_t right = number(atom());
      left = op == '*' ? number(left) * right : op == '/' ? number(left) / right : number(left) % right;
    }
    return left;
  }

  Cell atom() {
    skip();
    if (at_ >= text_.size()) throw std::runtime_error("an expression ends early: '" + std::string(text_) + "'");
    if (text_[at_] == '(') {
      ++at_;
      Cell inner = sum();
      skip();
      if (at_ < text_.size() && text_[at_] == ')') ++at_;
      return inner;
    }
    if (text_[at_] == '\'') {
      const std::size_t end = text_.find('\'', at_ + 1);
      const std::string value(text_.substr(at_ + 1, end - at_ - 1));
      at_ = end + 1;
      return value;
    }
    const std::size_t begin = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_'))
      ++at_;
    const std::string word(text_.substr(begin, at_ - begin));
    if (!word.empty() && std::isdigit(static_cast<unsigned char>(word[0])) != 0) return std::int64_t{std::stoll(word)};
    const auto found = environment_.find(word);
    if (found == environment_.end())
      throw std::runtime_error("unknown name '" + word + "' in '" + std::string(text_) + "'");
    if (at_ < text_.size() && text_[at_] == '.') {
      const std::size_t column = ++at_;
      while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_'))
        ++at_;
      return found->second.record.at(std::string(text_.substr(column, at_ - column)));
    }
    return found->second.cell;
  }

  static std::int64_t number(const Cell& cell) { return std::get<std::int64_t>(cell); }
  static std::string as_text(const Cell& cell) {
    if (const auto* value = std::get_if<std::int64_t>(&cell)) return std::to_string(*value);
    return std::get<std::string>(cell);
  }
  void skip() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }

  std::string_view text_;
  const Environment& environment_;
  std::size_t at_ = 0;
};

std::string trim(std::string_view s) {
  const std::size_t begin = s.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return std::string(s.substr(begin, s.find_last_not_of(' ') - begin + 1));
}

/// At commas outside parentheses.
std::vector<std::string> split(std::string_view s) {
  std::vector<std::string> out;
  int depth = 0;
  std::string part;
  for (const char c : s) {
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    if (c == ',' && depth == 0) {
      out.push_back(trim(part));
      part.clear();
    } else {
      part.push_back(c);
    }
  }
  out.push_back(trim(part));
  return out;
}

std::string literal_of(const Cell& cell) {
  if (const auto* number = std::get_if<std::int64_t>(&cell)) return std::to_string(*number);
  return "'" + std::get<std::string>(cell) + "'";
}

class Runner {
 public:
  Runner(const CorpusCase& c, const Expansion& expansion) : case_(c), expansion_(expansion) {
    environment_["N"].cell = expansion.n;
  }

  CorpusRun run() {
    begin("GET /" + case_.id);
    block(0, case_.lines.size());
    scenario_.end_scope();
    CorpusRun out;
    out.wire = std::move(wire_);
    out.workload = scenario_.workload();
    return out;
  }

 private:
  void begin(const std::string& name) {
    if (scope_ > 0) scenario_.end_scope();
    scenario_.scope(name);
    ++scope_;
  }

  [[nodiscard]] std::size_t end_of(std::size_t line) const {
    int depth = 0;
    for (std::size_t i = line; i < case_.lines.size(); ++i) {
      if (case_.lines[i].starts_with("for ")) ++depth;
      if (case_.lines[i] == "end" && --depth == 0) return i;
    }
    throw std::runtime_error(case_.id + ": a loop without end");
  }

  void block(std::size_t begin_line, std::size_t end_line) {
    for (std::size_t i = begin_line; i < end_line; ++i) {
      const std::string& line = case_.lines[i];
      if (line.starts_with("for ")) {
        const std::size_t end = end_of(i);
        loop(line, i + 1, end);
        i = end;
      } else if (line.starts_with("scope ")) {
        begin(line.substr(6));
      } else {
        statement(line);
      }
    }
  }

  void loop(const std::string& line, std::size_t first, std::size_t last) {
    const std::size_t in = line.find(" in ");
    const std::string name = line.substr(4, in - 4);
    const std::string over = trim(line.substr(in + 4));
    const auto each = [&](const Value& value) {
      environment_[name] = value;
      block(first, last);
    };
    if (const std::size_t dots = over.find(".."); dots != std::string::npos) {
      const std::int64_t end = std::get<std::int64_t>(evaluate(over.substr(dots + 2)));
      for (std::int64_t i = std::get<std::int64_t>(evaluate(over.substr(0, dots))); i <= end; ++i) each({i, {}, {}});
    } else if (over.starts_with("chunks(")) {
      const auto arguments = split(over.substr(7, over.size() - 8));
      const std::vector<Cell> keys = list(arguments[0]);
      const auto size = static_cast<std::size_t>(std::get<std::int64_t>(evaluate(arguments[1])));
      for (std::size_t at = 0; at < keys.size(); at += size) {
        const auto from = keys.begin() + static_cast<std::ptrdiff_t>(at);
        const auto to = keys.begin() + static_cast<std::ptrdiff_t>(std::min(keys.size(), at + size));
        each({nullptr, {}, {from, to}});
      }
    } else {
      const Records records = results_.at(over);  // by value: the loop's body may read the same name again
      for (const Record& record : records) each({nullptr, record, {}});
    }
  }

  [[nodiscard]] Cell evaluate(std::string_view text) const { return Expression(text, environment_).cell(); }

  /// `name.column` of a result, a chunk's name, or a single expression.
  [[nodiscard]] std::vector<Cell> list(const std::string& text) const {
    const std::size_t dot = text.find('.');
    const std::string name = text.substr(0, dot);
    if (dot != std::string::npos && results_.contains(name) && !environment_.contains(name)) {
      std::vector<Cell> out;
      for (const Record& record : results_.at(name)) out.push_back(record.at(text.substr(dot + 1)));
      return out;
    }
    const auto found = environment_.find(text);
    if (found != environment_.end() && !found->second.list.empty()) return found->second.list;
    return {evaluate(text)};
  }

  void statement(std::string line) {
    Call call;
    call.stack = 0;
    options(line, call);
    std::string name;
    if (const std::size_t arrow = line.find(" <- "); arrow != std::string::npos) {
      name = line.substr(0, arrow);
      line = line.substr(arrow + 4);
    }
    std::string result;
    if (const std::size_t arrow = line.rfind(" => "); arrow != std::string::npos) {
      result = line.substr(arrow + 4);
      line = line.substr(0, arrow);
    }
    bind(line, call);
    if (!result.empty()) make_result(result, name, call);
    send(call);
  }

  void options(std::string& line, Call& call) {
    if (!line.starts_with('[')) return;
    const std::size_t close = line.find(']');
    std::istringstream in(line.substr(1, close - 1));
    line = trim(line.substr(close + 1));
    for (std::string option; in >> option;) {
      const std::size_t equals = option.find('=');
      const std::string key = option.substr(0, equals);
      const std::string value = option.substr(equals + 1);
      if (key == "err") {
        call.sqlstate = value;
        continue;
      }
      const std::int64_t number = std::get<std::int64_t>(evaluate(value));
      if (key == "rows") call.rows = static_cast<std::uint64_t>(number);
      if (key == "conn") call.connection = static_cast<trace::ConnectionId>(number);
      if (key == "batch") call.batch = static_cast<std::uint64_t>(number);
      if (key == "stack") call.stack = stack(static_cast<std::uint32_t>(number));
      if (key == "ms") call.duration = number * 1'000'000;
      if (key == "pause") call.pause = number * 1'000'000;
      if (key == "overlap") call.overlap = number != 0;
      if (key == "tx") call.transaction_state = static_cast<trace::TransactionState>(number + 1);
    }
  }

  trace::StackId stack(std::uint32_t line) {
    const auto [entry, added] = stacks_.try_emplace(line, 0);
    if (added) entry->second = scenario_.stack("app.cpp", line, "handler");
    return entry->second;
  }

  void bind(const std::string& line, Call& call) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (line[i] != '{') {
        call.text.push_back(line[i]);
        continue;
      }
      const std::size_t close = line.find('}', i);
      const std::string inner = line.substr(i + 1, close - i - 1);
      i = close;
      if (inner.starts_with('*')) {
        bool first = true;
        for (const Cell& cell : list(inner.substr(1))) {
          if (!first) call.text += ", ";
          first = false;
          add_bind(cell, call);
        }
      } else if (inner.starts_with('[')) {
        std::string array = "{";
        for (const Cell& cell : list(inner.substr(1, inner.size() - 2))) {
          if (array.size() > 1) array += ",";
          array += std::holds_alternative<std::int64_t>(cell) ? literal_of(cell) : std::get<std::string>(cell);
        }
        add_bind(array + "}", call);
      } else {
        add_bind(evaluate(inner), call);
      }
    }
  }

  void add_bind(const Cell& cell, Call& call) const {
    if (expansion_.literals) {
      call.text += literal_of(cell);
    } else {
      call.binds.push_back(cell);
      call.text += "$" + std::to_string(call.binds.size());
    }
  }

  /// table(columns) x ROWS : expressions
  void make_result(const std::string& spec, const std::string& name, Call& call) {
    const std::size_t open = spec.find('(');
    const std::size_t close = spec.find(')');
    const std::size_t times = spec.find(" x ", close);
    const std::size_t colon = spec.find(" : ", times);
    const std::string table = trim(spec.substr(0, open));
    const std::vector<std::string> columns = split(spec.substr(open + 1, close - open - 1));
    const std::vector<std::string> expressions = split(spec.substr(colon + 3));
    const auto rows = std::get<std::int64_t>(evaluate(trim(spec.substr(times + 3, colon - times - 3))));
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const bool computed = columns[c] == "count" || columns[c] == "exists";
      call.result.columns.push_back(
          {columns[c], computed ? "" : table, computed ? std::int16_t{0} : static_cast<std::int16_t>(c + 1)});
    }
    Records records;
    for (std::int64_t r = 0; r < rows; ++r) {
      environment_["r"].cell = r;
      Record record;
      Row row;
      for (std::size_t c = 0; c < columns.size(); ++c) {
        row.push_back(evaluate(expressions[c]));
        record[columns[c]] = row.back();
      }
      records.push_back(std::move(record));
      if (r < 256) call.result.rows.push_back(std::move(row));  // the recorder's default
    }
    call.result.total_rows = static_cast<std::uint64_t>(rows);
    results_[name] = std::move(records);
  }

  void send(Call call) {
    if (expansion_.comments) call.text = "/* request " + std::to_string(wire_.size()) + " */ " + call.text;
    record(call, scope_, false);
    scenario_.call(call);
    if (expansion_.interleaved) {
      Call unrelated;
      unrelated.text = "SELECT v" + std::to_string(wire_.size()) + " FROM settings";
      record(unrelated, scope_, false);
      scenario_.call(unrelated);
    }
    if (expansion_.neighbour) {
      Call other;
      other.connection = 99;
      other.text = "SELECT * FROM users WHERE token = $1";
      other.binds = {"token-" + std::to_string(wire_.size())};
      record(other, 1'000'000 + wire_.size(), true);
      scenario_.beside(kNeighbourScope, other);
    }
  }

  void record(const Call& call, std::uint64_t scope, bool neighbour) {
    clock_ += call.pause + call.duration;
    wire_.push_back({call.text, call.binds, clock_, scope, call.stack, neighbour});
  }

  const CorpusCase& case_;
  const Expansion& expansion_;
  Scenario scenario_;
  Environment environment_;
  std::map<std::string, Records> results_;
  std::map<std::uint32_t, trace::StackId> stacks_;
  std::vector<WireCall> wire_;
  trace::Time clock_ = 0;
  std::uint64_t scope_ = 0;
};

}  // namespace

std::vector<CorpusCase> read_corpus(const std::string& path) {
  std::ifstream in(path);
  std::vector<CorpusCase> cases;
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    line = trim(line);
    if (line.empty() || line.starts_with('#')) continue;
    if (line.starts_with("case ")) {
      std::istringstream words(line.substr(5));
      CorpusCase c;
      c.line = number;
      words >> c.id;
      for (std::string label; words >> label;) {
        if (label.ends_with('?')) {
          c.optional.insert(label.substr(0, label.size() - 1));
        } else if (label != "OK") {
          c.labels.insert(label);
        }
      }
      cases.push_back(std::move(c));
    } else if (!cases.empty()) {
      CorpusCase& c = cases.back();
      c.grows = c.grows || line.find(" x N ") != std::string::npos || line.find("..N") != std::string::npos;
      c.lines.push_back(line);
    }
  }
  return cases;
}

CorpusRun run_case(const CorpusCase& c, const Expansion& expansion) {
  try {
    return Runner(c, expansion).run();
  } catch (const std::exception& error) {
    throw std::runtime_error("case " + c.id + ", line " + std::to_string(c.line) + ": " + error.what());
  }
}

}  // namespace quell::test
