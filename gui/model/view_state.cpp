#include "gui/model/view_state.hpp"

namespace quell::gui {

void ViewHistory::push(ViewState state) {
  if (state == current()) return;
  states_.resize(position_ + 1);
  states_.push_back(std::move(state));
  if (states_.size() > kLimit) states_.erase(states_.begin());
  position_ = states_.size() - 1;
}

const ViewState& ViewHistory::back() {
  if (can_go_back()) --position_;
  return current();
}

const ViewState& ViewHistory::forward() {
  if (can_go_forward()) ++position_;
  return current();
}

}  // namespace quell::gui
