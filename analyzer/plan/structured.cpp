#include "analyzer/plan/structured.hpp"

#include <string>
#include <string_view>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "analyzer/plan/node_fields.hpp"

namespace quell::plan {

namespace json = boost::json;

namespace {

std::string_view view(const json::string& text) {
  return {text.data(), text.size()};
}
std::string_view view(json::string_view text) {
  return {text.data(), text.size()};
}

/// A value as a detail shows it: text without quotes, lists with commas, objects as JSON.
std::string to_text(const json::value& value) {
  if (const auto* text = value.if_string()) return std::string(view(*text));
  if (const auto* array = value.if_array()) {
    std::string out;
    for (const json::value& item : *array) {
      if (!out.empty()) out += ", ";
      out += item.is_string() ? std::string(view(item.get_string())) : json::serialize(item);
    }
    return out;
  }
  if (value.is_double()) return fmt::format("{}", value.get_double());
  return json::serialize(value);
}

std::optional<double> to_number(const json::value& value) {
  if (value.is_int64()) return static_cast<double>(value.get_int64());
  if (value.is_uint64()) return static_cast<double>(value.get_uint64());
  if (value.is_double()) return value.get_double();
  return std::nullopt;
}

class Interpreter {
 public:
  Interpreter(ReadResult& result, std::size_t offset) : result_(result), offset_(offset) {}

  void document(const json::value& value) {
    if (const auto* array = value.if_array()) {
      for (const json::value& entry : *array) plan(entry);
      if (array->empty()) complain("an empty list: no plan in it");
    } else {
      plan(value);
    }
  }

 private:
  void complain(std::string sentence) { result_.diagnostics.push_back({offset_, std::move(sentence)}); }

  void plan(const json::value& value) {
    const json::object* object = value.if_object();
    const json::value* tree = object ? object->if_contains("Plan") : nullptr;
    if (!tree || !tree->is_object()) {
      const bool utility = value.is_string() || (object && object->size() == 1 && !tree);
      complain(utility ? "a utility statement has no plan" : "no \"Plan\" in it: not the output of EXPLAIN");
      return;
    }
    Plan& plan = result_.plans.emplace_back();
    node(tree->get_object(), plan.root, 1);
    for (const auto& [key_text, item] : *object) plan_property(plan, view(key_text), item);
    plan.analyzed = plan.root.analyzed;
    attribute_self_time(plan);
  }

  static void plan_property(Plan& plan, std::string_view key, const json::value& value) {
    const auto number = to_number(value);
    if (key == "Plan" || (number && set_plan_number(plan, key, *number))) return;
    if (key == "Triggers" && value.is_array()) {
      for (const json::value& item : value.get_array()) {
        if (item.is_object()) plan.triggers.push_back(trigger(item.get_object()));
      }
    } else if (key == "Settings" && value.is_object()) {
      for (const auto& [name, setting] : value.get_object()) plan.settings.emplace_back(name, to_text(setting));
    } else if (key == "Query Text" && value.is_string()) {
      plan.query_text = view(value.get_string());
    } else {
      if (key == "JIT") plan.jit_ms = nested_time(value, "Timing", "Total");
      if (key == "Serialization") plan.serialize_ms = nested_time(value, "Time", {});
      plan.details.emplace_back(key, to_text(value));
    }
  }

  static double nested_time(const json::value& value, std::string_view outer, std::string_view inner) {
    const json::value* found = value.is_object() ? value.get_object().if_contains(outer) : nullptr;
    if (found && !inner.empty()) found = found->is_object() ? found->get_object().if_contains(inner) : nullptr;
    return found ? sane(to_number(*found).value_or(0)) : 0;
  }

  static Trigger trigger(const json::object& object) {
    Trigger trigger;
    for (const auto& [key_text, value] : object) {
      const std::string_view key = view(key_text);
      const double number = sane(to_number(value).value_or(0));
      if (key == "Trigger Name") trigger.name = to_text(value);
      if (key == "Constraint Name") trigger.constraint = to_text(value);
      if (key == "Relation") trigger.relation = to_text(value);
      if (key == "Time") trigger.ms = number;
      if (key == "Calls") trigger.calls = number;
    }
    return trigger;
  }

  void node(const json::object& object, Node& node, std::size_t depth) {
    for (const auto& [key_text, value] : object) {
      const std::string_view key = view(key_text);
      const auto number = to_number(value);
      if (key == "Plans" && value.is_array()) {
        children(value.get_array(), node, depth);
      } else if (key == "Workers" && value.is_array()) {
        for (const json::value& item : value.get_array()) {
          if (item.is_object()) node.workers.push_back(worker(item.get_object()));
        }
      } else if ((value.is_string() && set_node_text(node, key, view(value.get_string()))) ||
                 (number && set_node_number(node, key, *number, value.is_double())) ||
                 (value.is_bool() && set_node_flag(node, key, value.get_bool()))) {
        continue;
      } else {
        node.details.emplace_back(key, to_text(value));
      }
    }
    finish_node(node);
  }

  void children(const json::array& array, Node& parent, std::size_t depth) {
    if (depth >= kMaxPlanDepth && !array.empty()) {
      complain(fmt::format("the plan is deeper than {} levels and was cut there", kMaxPlanDepth));
      return;
    }
    parent.children.reserve(array.size());
    for (const json::value& item : array) {
      if (item.is_object()) node(item.get_object(), parent.children.emplace_back(), depth + 1);
    }
  }

  static Worker worker(const json::object& object) {
    Worker worker;
    for (const auto& [key_text, value] : object) {
      const auto number = to_number(value);
      if (!number || !set_worker_number(worker, view(key_text), *number)) {
        worker.details.emplace_back(view(key_text), to_text(value));
      }
    }
    return worker;
  }

  ReadResult& result_;
  std::size_t offset_;
};

}  // namespace

void interpret(const json::value& document, std::size_t offset, ReadResult& result) {
  Interpreter(result, offset).document(document);
}

}  // namespace quell::plan
