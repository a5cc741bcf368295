#include "gui/view/timeline.hpp"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QScrollBar>
#include <QToolTip>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>

#include "gui/model/wording.hpp"
#include "gui/view/theme.hpp"

namespace quell::gui {
namespace {

constexpr int kGutter = 168;
constexpr int kOverviewHeight = 26;
constexpr int kAxisHeight = 20;
constexpr int kHeader = kOverviewHeight + kAxisHeight;
constexpr int kLaneHeight = 20;
constexpr int kBarInset = 3;
constexpr int kGroupGap = 6;
constexpr int kLeastDrag = 4;
constexpr double kTickSpacing = 90;
constexpr double kZoomStep = 1.25;

}  // namespace

Timeline::Timeline(QWidget* parent) : QAbstractScrollArea(parent) {
  setFocusPolicy(Qt::StrongFocus);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setFrameShape(QFrame::NoFrame);
  viewport()->setMouseTracking(true);
  viewport()->setBackgroundRole(QPalette::Base);
  setAccessibleName(QStringLiteral("Timeline"));
  setAccessibleDescription(
      QStringLiteral("Queries over time. Plus and minus zoom, left and right pan, comma and full stop step through the "
                     "queries of a lane, zero shows the whole trace."));
}

void Timeline::set_session(SessionPtr session, std::shared_ptr<const LaneSet> lanes) {
  session_ = std::move(session);
  lanes_ = std::move(lanes);
  selection_.reset();
  selected_query_.reset();
  emphasised_.reset();
  profile_.clear();
  visible_ = whole();
  verticalScrollBar()->setValue(0);
  lay_out();
  viewport()->update();
}

void Timeline::set_lanes(std::shared_ptr<const LaneSet> lanes) {
  lanes_ = std::move(lanes);
  lay_out();
  viewport()->update();
}

TimeRange Timeline::whole() const {
  if (!session_) return {0, 1};
  return {session_->begin, std::max(session_->end, session_->begin + TimeScale::kShortest)};
}

double Timeline::bars_width() const {
  return std::max(viewport()->width() - kGutter - 6, 1);
}

TimeScale Timeline::scale() const {
  return {visible_, bars_width()};
}

void Timeline::set_visible_range(TimeRange range) {
  visible_ = clamped(range, whole());
  viewport()->update();
}

void Timeline::change_visible(TimeRange range) {
  if (range == visible_) return;
  set_visible_range(range);
  emit visible_range_changed(visible_);
}

void Timeline::select_query(std::uint32_t query) {
  selected_query_ = query;
  if (session_) {
    const auto start = session_->queries.start[query];
    if (start < visible_.begin || start >= visible_.end)
      change_visible(clamped({start - visible_.length() / 2, start + visible_.length() / 2}, whole()));
  }
  viewport()->update();
}

void Timeline::emphasise(std::optional<std::uint32_t> scope_name) {
  emphasised_ = scope_name;
  if (lanes_ && scope_name) {
    for (const auto& group : lanes_->groups) {
      if (group.key != *scope_name || group.lanes == 0) continue;
      const int top = places_[group.first_lane].top;
      const int room = viewport()->height() - kHeader;
      auto* bar = verticalScrollBar();
      if (top < bar->value() || top + kLaneHeight > bar->value() + room) bar->setValue(top - kGroupGap);
    }
  }
  viewport()->update();
}

void Timeline::show_whole() {
  change_visible(whole());
}

void Timeline::fit_selection() {
  if (selection_) {
    change_visible(clamped(*selection_, whole()));
  } else if (selected_query_) {
    const auto scope = session_->queries.scope[*selected_query_];
    TimeRange range{session_->queries.start[*selected_query_], session_->queries.end(*selected_query_)};
    if (scope != model::kNone) range = {session_->scopes[scope].begin, session_->scopes[scope].end};
    const auto margin = std::max<trace::Duration>(range.length() / 20, TimeScale::kShortest);
    change_visible(clamped({range.begin - margin, range.end + margin}, whole()));
  }
}

void Timeline::zoom(double factor) {
  double x = bars_width() / 2;
  if (selected_query_) {
    const double at = scale().x_of(session_->queries.start[*selected_query_]);
    if (at >= 0 && at <= bars_width()) x = at;
  }
  change_visible(scale().zoomed(factor, x, whole()));
}

void Timeline::pan(double share_of_width) {
  change_visible(scale().panned(share_of_width * bars_width(), whole()));
}

void Timeline::step_query(int step) {
  if (!lanes_ || lanes_->lanes.empty()) return;
  if (!selected_query_) {
    emit query_selected(lanes_->lanes.front().queries.empty() ? 0 : lanes_->lanes.front().queries.front());
    return;
  }
  for (const auto& lane : lanes_->lanes) {
    const auto found = std::lower_bound(lane.queries.begin(), lane.queries.end(), *selected_query_);
    if (found == lane.queries.end() || *found != *selected_query_) continue;
    const auto position = found - lane.queries.begin() + step;
    if (position >= 0 && position < static_cast<std::ptrdiff_t>(lane.queries.size()))
      emit query_selected(lane.queries[static_cast<std::size_t>(position)]);
    return;
  }
}

void Timeline::lay_out() {
  places_.clear();
  int top = kGroupGap;
  if (lanes_) {
    for (const auto& group : lanes_->groups) {
      for (std::uint32_t i = 0; i < group.lanes; ++i) {
        places_.push_back({top});
        top += kLaneHeight;
      }
      top += kGroupGap;
    }
  }
  content_height_ = top;
  const int room = std::max(viewport()->height() - kHeader, 0);
  verticalScrollBar()->setRange(0, std::max(content_height_ - room, 0));
  verticalScrollBar()->setPageStep(room);
  verticalScrollBar()->setSingleStep(kLaneHeight);
}

QRect Timeline::lane_rect(std::size_t lane) const {
  if (lane >= places_.size()) return {};
  const QRect rect(kGutter, kHeader + places_[lane].top - verticalScrollBar()->value(), static_cast<int>(bars_width()),
                   kLaneHeight);
  return rect.intersected(QRect(0, kHeader, viewport()->width(), viewport()->height() - kHeader));
}

void Timeline::paintEvent(QPaintEvent* /*event*/) {
  QPainter painter(viewport());
  const auto theme = Theme::of(palette());
  painter.fillRect(viewport()->rect(), palette().color(QPalette::Base));
  if (!session_ || !lanes_) return;
  if (session_->queries.size() == 0) {
    painter.setPen(theme.muted);
    painter.drawText(viewport()->rect().adjusted(16, 16, -16, -16), Qt::AlignCenter | Qt::TextWordWrap,
                     QStringLiteral("The trace holds no query: the program ran none while it was recorded."));
    return;
  }
  paint_group_backgrounds(painter, theme);
  paint_grid(painter, theme);
  paint_lanes(painter, theme);
  painter.fillRect(QRect(0, 0, viewport()->width(), kHeader), palette().color(QPalette::Base));
  paint_overview(painter, theme);
  paint_axis(painter, theme);
  paint_selection(painter, theme);
}

void Timeline::paint_overview(QPainter& painter, const Theme& theme) {
  const auto width = static_cast<std::size_t>(bars_width());
  if (profile_.size() != width) profile_ = load_profile(*session_, width);
  const QRect area(kGutter, 3, static_cast<int>(width), kOverviewHeight - 5);
  painter.fillRect(area, theme.panel);
  const QColor colour = mixed(theme.of(QueryClass::read), palette().color(QPalette::Base), 0.75);
  for (std::size_t x = 0; x < width; ++x) {
    if (profile_[x] <= 0) continue;
    const int height = std::max(1, static_cast<int>(std::lround(profile_[x] * area.height())));
    painter.fillRect(QRect(area.left() + static_cast<int>(x), area.bottom() + 1 - height, 1, height), colour);
  }
  const TimeScale all(whole(), bars_width());
  const QRectF window(kGutter + all.x_of(visible_.begin), area.top() - 1,
                      std::max(all.x_of(visible_.end) - all.x_of(visible_.begin), 3.0), area.height() + 2);
  QColor shade = palette().color(QPalette::Base);
  shade.setAlpha(170);
  painter.fillRect(QRectF(area.left(), area.top(), window.left() - area.left(), area.height()), shade);
  painter.fillRect(QRectF(window.right(), area.top(), area.right() + 1 - window.right(), area.height()), shade);
  painter.setPen(QPen(theme.accent, 1.5));
  painter.drawRect(window.adjusted(0.5, 0.5, -0.5, -0.5));
  painter.setPen(theme.muted);
  painter.drawText(QRect(10, area.top(), kGutter - 20, area.height()), Qt::AlignVCenter | Qt::AlignLeft,
                   QStringLiteral("Database time"));
}

void Timeline::paint_group_backgrounds(QPainter& painter, const Theme& theme) {
  const int offset = kHeader - verticalScrollBar()->value();
  for (const auto& group : lanes_->groups)
    painter.fillRect(QRect(0, offset + places_[group.first_lane].top, viewport()->width(),
                           static_cast<int>(group.lanes) * kLaneHeight),
                     theme.panel);
}

void Timeline::paint_grid(QPainter& painter, const Theme& theme) {
  const auto scale = this->scale();
  painter.setPen(theme.grid);
  for (const auto time : scale.ticks(session_->begin, kTickSpacing).times) {
    const auto x = static_cast<int>(std::lround(kGutter + scale.x_of(time)));
    painter.drawLine(x, kHeader, x, viewport()->height());
  }
}

void Timeline::paint_axis(QPainter& painter, const Theme& theme) {
  const auto scale = this->scale();
  const auto ticks = scale.ticks(session_->begin, kTickSpacing);
  painter.setPen(theme.grid);
  painter.drawLine(0, kHeader - 1, viewport()->width(), kHeader - 1);
  for (const auto time : ticks.times) {
    const auto x = static_cast<int>(std::lround(kGutter + scale.x_of(time)));
    painter.setPen(theme.grid);
    painter.drawLine(x, kOverviewHeight + 3, x, kHeader);
    painter.setPen(theme.muted);
    const QRect label(x + 4, kOverviewHeight, 86, kAxisHeight);
    if (label.left() + painter.fontMetrics().horizontalAdvance(format_instant(time - session_->begin, ticks.step)) <
        viewport()->width())
      painter.drawText(label, Qt::AlignVCenter | Qt::AlignLeft, format_instant(time - session_->begin, ticks.step));
  }
  painter.setPen(theme.muted);
  painter.drawText(QRect(10, kOverviewHeight, kGutter - 20, kAxisHeight), Qt::AlignVCenter | Qt::AlignLeft,
                   QStringLiteral("Showing ") + format_duration(static_cast<double>(visible_.length())));
}

void Timeline::paint_lanes(QPainter& painter, const Theme& theme) {
  const int offset = kHeader - verticalScrollBar()->value();
  for (const auto& group : lanes_->groups) {
    const int top = offset + places_[group.first_lane].top;
    const int height = static_cast<int>(group.lanes) * kLaneHeight;
    if (top + height < kHeader || top > viewport()->height()) continue;
    paint_group(painter, theme, group);
    const bool faded = emphasised_ && group.key != *emphasised_;
    for (std::uint32_t i = 0; i < group.lanes; ++i) {
      const int lane_top = top + static_cast<int>(i) * kLaneHeight;
      if (lane_top + kLaneHeight < kHeader || lane_top > viewport()->height()) continue;
      const auto& lane = lanes_->lanes[group.first_lane + i];
      painter.save();
      painter.setClipRect(QRectF(kGutter, lane_top, bars_width(), kLaneHeight));
      paint_scopes(painter, theme, lane, lane_top, faded);
      paint_bars(painter, theme, lane, lane_top, faded);
      painter.restore();
    }
  }
}

void Timeline::paint_group(QPainter& painter, const Theme& theme, const LaneGroup& group) {
  const int top = kHeader - verticalScrollBar()->value() + places_[group.first_lane].top;
  QFont font = painter.font();
  const bool emphasised = emphasised_ && group.key == *emphasised_;
  font.setBold(emphasised);
  painter.save();
  painter.setFont(font);
  QRect label(10, top, kGutter - 20, kLaneHeight);
  if (group.has_finding) {
    // The sign of a finding is a shape as well as a colour.
    const QPointF tip(12, top + kLaneHeight / 2.0 - 5);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setBrush(theme.finding);
    painter.setPen(Qt::NoPen);
    painter.drawPolygon(QPolygonF{{tip.x() + 1, tip.y()}, {tip.x() + 7, tip.y() + 10}, {tip.x() - 5, tip.y() + 10}});
    label.setLeft(24);
  }
  painter.setPen(emphasised_ && !emphasised ? theme.muted : palette().color(QPalette::Text));
  painter.drawText(label, Qt::AlignVCenter | Qt::AlignLeft,
                   QFontMetrics(font).elidedText(QString::fromStdString(group.label), Qt::ElideRight, label.width()));
  if (group.lanes > 1) {
    font.setBold(false);
    painter.setFont(font);
    painter.setPen(theme.muted);
    painter.drawText(label.translated(0, kLaneHeight - 2), Qt::AlignVCenter | Qt::AlignLeft,
                     format_counted(group.queries, QStringLiteral("query"), QStringLiteral("queries")));
  }
  painter.restore();
}

void Timeline::paint_scopes(QPainter& painter, const Theme& theme, const Lane& lane, int top, bool faded) {
  const auto scale = this->scale();
  const QColor fill = mixed(theme.accent, palette().color(QPalette::Base), faded ? 0.07 : theme.dark ? 0.22 : 0.15);
  const auto& scopes = session_->scopes;
  auto at = std::partition_point(lane.scopes.begin(), lane.scopes.end(),
                                 [&](std::uint32_t scope) { return scopes[scope].end < scale.visible().begin; });
  while (at != lane.scopes.end() && scopes[*at].begin < scale.visible().end) {
    const double left = std::max(scale.x_of(scopes[*at].begin), -10.0);
    const double right = std::min(scale.x_of(scopes[*at].end), bars_width() + 10);
    painter.fillRect(QRectF(kGutter + left, top + 1, std::max(right - left, 1.0), kLaneHeight - 2), fill);
    if (right - left >= kLeastBarWidth) {
      ++at;
      continue;
    }
    // Narrow ones in the same pixel look alike: jump over them.
    const auto next_time = scale.time_at(left + 1);
    at = std::partition_point(at + 1, lane.scopes.end(),
                              [&](std::uint32_t scope) { return scopes[scope].begin < next_time; });
  }
}

void Timeline::paint_bars(QPainter& painter, const Theme& theme, const Lane& lane, int top, bool faded) {
  const QColor base = palette().color(QPalette::Base);
  for (const auto& bar : fold_lane(*session_, lane, scale())) {
    const double left = std::max(bar.left, -20.0);
    const double right = std::min(bar.right, bars_width() + 20);
    const QRectF rect(kGutter + left, top + kBarInset, right - left, kLaneHeight - 2 * kBarInset);
    const bool folded = bar.count > 1;
    QColor fill = theme.of(bar.main_class());
    if (folded) fill = mixed(fill, base, theme.dark ? 0.62 : 0.58);
    if (faded) fill = mixed(fill, base, 0.4);
    painter.fillRect(rect, fill);
    if (bar.in_finding > 0) {
      painter.setPen(QPen(faded ? mixed(theme.finding, base, 0.45) : theme.finding, rect.width() < 6 ? 1 : 1.5));
      painter.drawRect(rect.adjusted(0.5, -0.5, -0.5, 0.5));
    }
    const auto query = lane.queries[bar.first];
    if (!faded) paint_bar_text(painter, bar, query, rect, fill);
    if (selected_query_ && *selected_query_ >= query && *selected_query_ <= lane.queries[bar.first + bar.count - 1] &&
        std::binary_search(lane.queries.begin() + bar.first, lane.queries.begin() + bar.first + bar.count,
                           *selected_query_)) {
      painter.setPen(QPen(palette().color(QPalette::Text), 2));
      painter.drawRect(rect.adjusted(0, -1, 0, 1));
    }
  }
}

void Timeline::paint_bar_text(QPainter& painter, const Bar& bar, std::uint32_t query, const QRectF& rect,
                              const QColor& fill) {
  QFont font = painter.font();
  font.setPixelSize(11);
  const QFontMetrics metrics(font);
  const QRectF visible = rect.intersected(QRectF(kGutter, rect.top(), bars_width(), rect.height()));
  QString text;
  if (bar.count > 1) {
    text = u'×' + format_count(bar.count);
    if (metrics.horizontalAdvance(text) + 6 > visible.width()) return;
  } else {
    if (visible.width() < 48) return;
    text = metrics.elidedText(one_line(session_->report.statements[session_->queries.statement[query]].text),
                              Qt::ElideRight, static_cast<int>(visible.width()) - 8);
  }
  painter.save();
  painter.setFont(font);
  painter.setPen(readable_on(fill));
  painter.drawText(visible.adjusted(4, -2, -2, 2), Qt::AlignVCenter | Qt::AlignLeft, text);
  painter.restore();
}

void Timeline::paint_selection(QPainter& painter, const Theme& theme) {
  if (!selection_) return;
  const auto scale = this->scale();
  const double left = std::clamp(scale.x_of(selection_->begin), 0.0, bars_width());
  const double right = std::clamp(scale.x_of(selection_->end), 0.0, bars_width());
  QColor shade = theme.accent;
  shade.setAlpha(40);
  const QRectF area(kGutter + left, kOverviewHeight, right - left, viewport()->height() - kOverviewHeight);
  painter.fillRect(area, shade);
  painter.setPen(theme.accent);
  painter.drawLine(area.topLeft(), area.bottomLeft());
  painter.drawLine(area.topRight(), area.bottomRight());
}

void Timeline::resizeEvent(QResizeEvent* event) {
  QAbstractScrollArea::resizeEvent(event);
  lay_out();
}

int Timeline::lane_at(int y) const {
  if (y < kHeader) return -1;
  const int content = y - kHeader + verticalScrollBar()->value();
  for (std::size_t lane = 0; lane < places_.size(); ++lane)
    if (content >= places_[lane].top && content < places_[lane].top + kLaneHeight) return static_cast<int>(lane);
  return -1;
}

std::optional<std::uint32_t> Timeline::query_at(QPoint position) const {
  const int index = lane_at(position.y());
  if (index < 0 || position.x() < kGutter) return {};
  const auto& lane = lanes_->lanes[static_cast<std::size_t>(index)];
  const double x = position.x() - kGutter;
  for (const auto& bar : fold_lane(*session_, lane, scale()))
    if (x >= bar.left - 1 && x <= bar.right + 1) return lane.queries[bar.first];
  return {};
}

QString Timeline::tooltip_at(QPoint position) const {
  const int index = lane_at(position.y());
  if (index < 0 || !session_) return {};
  const auto& lane = lanes_->lanes[static_cast<std::size_t>(index)];
  const double x = position.x() - kGutter;
  if (x < 0) return QString::fromStdString(lanes_->groups[lane.group].label);
  for (const auto& bar : fold_lane(*session_, lane, scale())) {
    if (x < bar.left - 1 || x > bar.right + 1) continue;
    const auto query = lane.queries[bar.first];
    if (bar.count > 1) {
      QStringList parts;
      for (std::size_t c = 0; c < kQueryClasses; ++c)
        if (bar.by_class[c] > 0) parts << format_count(bar.by_class[c]) + u' ' + word_of(static_cast<QueryClass>(c));
      auto text = QStringLiteral("%1 queries: %2").arg(format_count(bar.count), parts.join(QStringLiteral(", ")));
      if (bar.in_finding > 0) text += QStringLiteral("\n%1 belong to a finding").arg(format_count(bar.in_finding));
      return text;
    }
    auto sql = one_line(session_->report.statements[session_->queries.statement[query]].text);
    if (sql.size() > 160) sql = sql.left(158) + QStringLiteral(" …");
    auto text = QStringLiteral("%1\n%2, %3, %4")
                    .arg(sql, format_duration(static_cast<double>(session_->queries.duration[query])),
                         format_counted(session_->queries.rows[query], QStringLiteral("row")),
                         word_of(session_->class_of(query)));
    if (bar.in_finding > 0) text += QStringLiteral("\nbelongs to a finding");
    return text;
  }
  return {};
}

void Timeline::move_overview(double x) {
  const TimeScale all(whole(), bars_width());
  const auto centre = all.time_at(x);
  change_visible(
      clamped({centre - visible_.length() / 2, centre - visible_.length() / 2 + visible_.length()}, whole()));
}

void Timeline::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton || !session_) return;
  drag_from_ = event->pos();
  if (event->pos().y() < kOverviewHeight) {
    drag_ = Drag::overview;
    move_overview(event->pos().x() - kGutter);
  } else if (event->pos().x() >= kGutter) {
    drag_ = Drag::range;
  }
}

void Timeline::mouseMoveEvent(QMouseEvent* event) {
  if (drag_ == Drag::overview) {
    move_overview(event->pos().x() - kGutter);
  } else if (drag_ == Drag::range && std::abs(event->pos().x() - drag_from_.x()) >= kLeastDrag) {
    const auto scale = this->scale();
    const double a = std::clamp<double>(drag_from_.x() - kGutter, 0, bars_width());
    const double b = std::clamp<double>(event->pos().x() - kGutter, 0, bars_width());
    selection_ = TimeRange{scale.time_at(std::min(a, b)), scale.time_at(std::max(a, b))};
    viewport()->update();
  }
}

void Timeline::mouseReleaseEvent(QMouseEvent* event) {
  if (drag_ == Drag::range) {
    if (std::abs(event->pos().x() - drag_from_.x()) >= kLeastDrag) {
      emit range_selected(selection_);
    } else {
      selection_.reset();
      emit range_selected({});
      if (const auto query = query_at(event->pos())) emit query_selected(*query);
    }
    viewport()->update();
  }
  drag_ = Drag::none;
}

void Timeline::mouseDoubleClickEvent(QMouseEvent* event) {
  if (event->pos().x() < kGutter || !session_) return;
  const auto query = query_at(event->pos());
  if (query) selected_query_ = query;
  fit_selection();
}

void Timeline::wheelEvent(QWheelEvent* event) {
  if (!session_) return;
  const QPoint delta = event->angleDelta();
  if (event->modifiers() & Qt::ControlModifier) {
    change_visible(scale().zoomed(std::pow(kZoomStep, delta.y() / 120.0), event->position().x() - kGutter, whole()));
  } else if (event->modifiers() & Qt::ShiftModifier || delta.x() != 0) {
    pan((delta.x() != 0 ? -delta.x() : -delta.y()) / 120.0 * 0.1);
  } else {
    QAbstractScrollArea::wheelEvent(event);
    return;
  }
  event->accept();
}

void Timeline::keyPressEvent(QKeyEvent* event) {
  switch (event->key()) {
    case Qt::Key_Plus:
    case Qt::Key_Equal:
      return zoom(kZoomStep);
    case Qt::Key_Minus:
      return zoom(1 / kZoomStep);
    case Qt::Key_Left:
      return pan(-0.1);
    case Qt::Key_Right:
      return pan(0.1);
    default:
      QAbstractScrollArea::keyPressEvent(event);
  }
}

bool Timeline::viewportEvent(QEvent* event) {
  if (event->type() == QEvent::ToolTip) {
    auto* help = static_cast<QHelpEvent*>(event);
    const auto text = lanes_ ? tooltip_at(help->pos()) : QString();
    if (text.isEmpty())
      QToolTip::hideText();
    else
      QToolTip::showText(help->globalPos(), text, viewport());
    return true;
  }
  return QAbstractScrollArea::viewportEvent(event);
}

void Timeline::changeEvent(QEvent* event) {
  QAbstractScrollArea::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) viewport()->update();
}

}  // namespace quell::gui
