#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "analyzer/plan/node_fields.hpp"
#include "analyzer/plan/plan.hpp"
#include "analyzer/plan/text_lines.hpp"
#include "analyzer/plan/text_node.hpp"
#include "analyzer/plan/text_property.hpp"

namespace quell::plan {

namespace {

/// Lines beside the tree, at the root's indent.
constexpr std::array kFooter = std::to_array<std::string_view>(
    {"Planning Time", "Planning time", "Execution Time", "Execution time", "Total runtime", "Planning", "JIT",
     "Settings", "Query Identifier", "Serialization", "Memory"});

double number_in(std::string_view text) {
  double number = 0;
  const std::size_t at = text.find_first_of("0123456789");
  if (at != std::string_view::npos)
    std::from_chars(text.data() + at, text.data() + text.size(), number, std::chars_format::fixed);
  return sane(number);
}

double number_after(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  return at == std::string_view::npos ? 0 : number_in(text.substr(at + key.size()));
}

class TextReader {
 public:
  explicit TextReader(ReadResult& result) : result_(result) {}

  void line(const TextLine& line) {
    std::string_view text = line.text;
    const bool arrow = text.starts_with("->");
    if (arrow) {
      text.remove_prefix(2);
      while (text.starts_with(' ')) text.remove_prefix(1);
    }
    if (stack_.empty() || (!arrow && line.column <= root_column_)) {
      if (!stack_.empty() && footer(text)) return;
      auto node = parse_node_line(text, arrow && stack_.empty());
      if (node) return begin_plan(std::move(*node), line.column);
      if (stack_.empty()) return before(text);
    }
    if (in_footer_) return footer_line(text);
    if (arrow) return add_node(text, line);
    if (subplan_header(text)) return begin_subplan(text, line.column);
    property(text, line.column);
  }

  void finish() {
    end_plan();
    if (result_.plans.empty())
      result_.diagnostics.push_back({0, "no plan in this text: no line looks like a plan node"});
  }

 private:
  struct Open {
    Node* node = nullptr;
    std::size_t column = 0;  ///< of the arrow, or of the heading above it
  };

  void before(std::string_view text) {
    if (text.starts_with("Query Text:")) {
      text.remove_prefix(11);
      while (text.starts_with(' ')) text.remove_prefix(1);
      query_text_ = text;
    } else if (!query_text_.empty()) {
      query_text_ += ' ';
      query_text_ += text;
    }
  }

  void begin_plan(Node node, std::size_t column) {
    end_plan();
    Plan& plan = result_.plans.emplace_back();
    plan.root = std::move(node);
    plan.query_text = std::move(query_text_);
    query_text_.clear();
    root_column_ = column;
    stack_ = {{&plan.root, column}};
    in_footer_ = false;
    heading_.clear();
    worker_column_.reset();
    cut_ = false;
  }

  void end_plan() {
    if (stack_.empty()) return;
    Plan& plan = result_.plans.back();
    bool buffers = false;
    walk(plan.root, [&](Node& node, std::size_t) { buffers = buffers || node.buffers; });
    walk(plan.root, [&](Node& node, std::size_t) {
      complete_text_node(node);
      if (buffers && !node.buffers) node.buffers.emplace();  // the text format leaves zeros out
    });
    plan.analyzed = plan.root.analyzed;
    attribute_self_time(plan);
    stack_.clear();
  }

  static bool subplan_header(std::string_view text) {
    return (text.starts_with("CTE ") || text.starts_with("InitPlan ") || text.starts_with("SubPlan ")) &&
           text.find(':') == std::string_view::npos;
  }

  void property(std::string_view text, std::size_t column) {
    Node& node = *stack_.back().node;
    if (set_worker_line(node, text)) {
      worker_column_ = column;
    } else if (worker_column_ && column > *worker_column_) {  // a worker's own buffers or sort
      const std::size_t colon = std::min(text.find(':'), text.size());
      node.workers.back().details.emplace_back(text.substr(0, colon), text.substr(std::min(colon + 2, text.size())));
    } else {
      worker_column_.reset();
      if (!set_text_property(node, text)) continue_value(node, text);
    }
  }

  void begin_subplan(std::string_view text, std::size_t column) {
    heading_ = text;
    heading_column_ = column;
  }

  void add_node(std::string_view text, const TextLine& line) {
    auto node = parse_node_line(text, true);
    if (!node) return;
    const std::size_t column = heading_.empty() ? line.column : heading_column_;
    while (stack_.size() > 1 && stack_.back().column >= column) stack_.pop_back();
    if (stack_.size() >= kMaxPlanDepth) {
      if (!cut_) {
        result_.diagnostics.push_back(
            {line.offset, fmt::format("the plan is deeper than {} levels and was cut there", kMaxPlanDepth)});
      }
      cut_ = true;
      return;
    }
    Node& parent = *stack_.back().node;
    node->subplan_name = heading_;
    node->parent_relationship = relationship(parent);
    heading_.clear();
    worker_column_.reset();
    // A new sibling may move the older ones: they are closed, nothing on the stack points at them.
    parent.children.push_back(std::move(*node));
    stack_.push_back({&parent.children.back(), column});
  }

  [[nodiscard]] std::string relationship(const Node& parent) const {
    if (heading_.starts_with("SubPlan ")) return "SubPlan";
    if (!heading_.empty()) return "InitPlan";
    if (parent.type == "Subquery Scan") return "Subquery";
    if (parent.type == "Append" || parent.type == "Merge Append" || parent.type == "BitmapAnd" ||
        parent.type == "BitmapOr")
      return "Member";
    const bool first = std::none_of(parent.children.begin(), parent.children.end(),
                                    [](const Node& child) { return child.parent_relationship == "Outer"; });
    return first ? "Outer" : "Inner";
  }

  /// The rest of a value that a client wrapped or that holds a newline.
  static void continue_value(Node& node, std::string_view text) {
    if (node.details.empty()) {
      node.details.emplace_back("", text);
      return;
    }
    std::string& value = node.details.back().second;
    if (!value.empty()) value += ' ';
    value += text;
  }

  bool footer(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return false;
    const std::string_view key = text.substr(0, colon);
    const bool trigger = key.starts_with("Trigger ");
    if (!trigger && std::find(kFooter.begin(), kFooter.end(), key) == kFooter.end()) return false;
    in_footer_ = true;
    Plan& plan = result_.plans.back();
    std::string_view value = text.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    if (trigger) {
      plan.triggers.push_back(read_trigger(key.substr(8), value));
    } else if (key == "Planning Time" || key == "Planning time") {
      plan.planning_ms = number_in(value);
    } else if (key == "Execution Time" || key == "Execution time" || key == "Total runtime") {
      plan.execution_ms = number_in(value);
    } else if (key == "Settings") {
      read_settings(plan, value);
    } else {
      if (key == "Serialization") plan.serialize_ms = number_after(value, "time=");
      plan.details.emplace_back(key, value);
    }
    return true;
  }

  void footer_line(std::string_view text) {
    Plan& plan = result_.plans.back();
    if (footer(text) || plan.details.empty()) return;
    if (plan.details.back().first == "JIT" && text.starts_with("Timing:")) plan.jit_ms = number_after(text, "Total ");
    std::string& value = plan.details.back().second;
    if (!value.empty()) value += "; ";
    value += text;
  }

  /// "name on relation" or "for constraint name on relation" and "time=1.5 calls=3".
  static Trigger read_trigger(std::string_view name, std::string_view numbers) {
    Trigger trigger;
    const std::size_t on = name.rfind(" on ");
    if (on != std::string_view::npos) {
      trigger.relation = name.substr(on + 4);
      name = name.substr(0, on);
    }
    const std::size_t constraint = name.find("for constraint ");
    if (constraint != std::string_view::npos) {
      trigger.constraint = name.substr(constraint + 15);
      name = name.substr(0, constraint);
      while (name.ends_with(' ')) name.remove_suffix(1);
    }
    trigger.name = name;
    trigger.ms = number_after(numbers, "time=");
    trigger.calls = number_after(numbers, "calls=");
    return trigger;
  }

  /// "a = '1', b = 'x, y'"
  static void read_settings(Plan& plan, std::string_view text) {
    while (true) {
      const std::size_t equals = text.find(" = '");
      if (equals == std::string_view::npos) return;
      const std::size_t end = text.find('\'', equals + 4);
      if (end == std::string_view::npos) return;
      plan.settings.emplace_back(text.substr(0, equals), text.substr(equals + 4, end - equals - 4));
      text.remove_prefix(end + 1);
      if (text.starts_with(", ")) text.remove_prefix(2);
    }
  }

  ReadResult& result_;
  std::vector<Open> stack_;
  std::size_t root_column_ = 0;
  std::string heading_;  ///< "CTE x" above the node to come
  std::size_t heading_column_ = 0;
  std::optional<std::size_t> worker_column_;  ///< of the "Worker n:" line above
  std::string query_text_;
  bool in_footer_ = false;
  bool cut_ = false;
};

}  // namespace

ReadResult read_text(std::string_view bytes) {
  ReadResult result;
  TextReader reader(result);
  for (const TextLine& line : plan_lines(bytes)) reader.line(line);
  reader.finish();
  return result;
}

}  // namespace quell::plan
