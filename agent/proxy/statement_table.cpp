#include "agent/proxy/statement_table.hpp"

namespace quell::proxy {

bool StatementTable::define(StatementPtr statement) {
  drop(statement->name);
  const std::size_t bytes = statement->text->bytes.size();
  if (statements_.size() >= max_statements_ || text_bytes_ + bytes > max_text_bytes_) return false;
  text_bytes_ += bytes;
  std::string name = statement->name;
  statements_.emplace(std::move(name), std::move(statement));
  return true;
}

void StatementTable::drop(const std::string& name) {
  const auto found = statements_.find(name);
  if (found == statements_.end()) return;
  text_bytes_ -= found->second->text->bytes.size();
  statements_.erase(found);
}

void StatementTable::drop_all() {
  statements_.clear();
  text_bytes_ = 0;
}

StatementPtr StatementTable::find(const std::string& name) const {
  const auto found = statements_.find(name);
  return found == statements_.end() ? nullptr : found->second;
}

Portal& StatementTable::open(const std::string& name, Portal portal) {
  close(name);
  return portals_.emplace(name, std::move(portal)).first->second;
}

Portal* StatementTable::portal(const std::string& name) {
  const auto found = portals_.find(name);
  return found == portals_.end() ? nullptr : &found->second;
}

void StatementTable::close(const std::string& name) {
  const auto found = portals_.find(name);
  if (found == portals_.end()) return;
  end(found->second);
  portals_.erase(found);
}

void StatementTable::close_portals() {
  for (auto& [name, portal] : portals_) end(portal);
  portals_.clear();
}

void StatementTable::end(Portal& portal) {
  if (portal.suspended) ended_.push_back(std::move(*portal.suspended));
}

}  // namespace quell::proxy
