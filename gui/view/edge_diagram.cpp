#include "gui/view/edge_diagram.hpp"

#include <QPainter>
#include <QPainterPath>
#include <algorithm>

#include "gui/model/wording.hpp"
#include "gui/view/theme.hpp"

namespace quell::gui {
namespace {

constexpr int kBoxPadding = 8;

struct Box {
  QString caption;
  QString table;
  QString column;
};

void paint_box(QPainter& painter, const QRect& rect, const Box& box, const Theme& theme, const QPalette& palette) {
  painter.setPen(mixed(palette.color(QPalette::Text), palette.color(QPalette::Base), 0.35));
  painter.setBrush(palette.color(QPalette::Base));
  painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4);
  const QFontMetrics metrics = painter.fontMetrics();
  QRect row = rect.adjusted(kBoxPadding, kBoxPadding - 2, -kBoxPadding, 0);
  row.setHeight(metrics.height());
  painter.setPen(theme.muted);
  painter.drawText(row, Qt::AlignLeft | Qt::AlignVCenter, metrics.elidedText(box.caption, Qt::ElideRight, row.width()));
  row.translate(0, metrics.height() + 2);
  painter.setPen(palette.color(QPalette::Text));
  painter.drawText(row, Qt::AlignLeft | Qt::AlignVCenter, metrics.elidedText(box.table, Qt::ElideRight, row.width()));
  row.translate(0, metrics.height() + 2);
  QFont bold = painter.font();
  bold.setBold(true);
  painter.save();
  painter.setFont(bold);
  painter.setPen(theme.sql_parameter);
  painter.drawText(row, Qt::AlignLeft | Qt::AlignVCenter,
                   QFontMetrics(bold).elidedText(box.column, Qt::ElideRight, row.width()));
  painter.restore();
}

QString text_or(const std::string& text, const QString& fallback) {
  return text.empty() ? fallback : QString::fromStdString(text);
}

}  // namespace

EdgeDiagram::EdgeDiagram(QWidget* parent) : QWidget(parent) {
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void EdgeDiagram::set_edge(const std::optional<detect::ValueEdge>& edge) {
  edge_ = edge;
  setVisible(edge.has_value());
  if (edge_)
    setAccessibleName(QStringLiteral("Value edge: %1.%2 feeds %3, %4 of %5 executions")
                          .arg(QString::fromStdString(edge_->from_table), QString::fromStdString(edge_->from_column),
                               QString::fromStdString(edge_->to_parameter), format_count(edge_->covered),
                               format_count(edge_->executions)));
  update();
}

QSize EdgeDiagram::sizeHint() const {
  return {300, 3 * fontMetrics().height() + 4 + 2 * kBoxPadding};
}

void EdgeDiagram::paintEvent(QPaintEvent* /*event*/) {
  if (!edge_) return;
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const auto theme = Theme::of(palette());
  const int box_width = std::clamp(width() * 36 / 100, 90, 230);
  const QRect left(0, 0, box_width, height());
  const QRect right(width() - box_width, 0, box_width, height());

  paint_box(painter, left,
            {QStringLiteral("parent, %1 rows").arg(format_count(edge_->parent_rows)),
             text_or(edge_->from_table, QStringLiteral("result")), QString::fromStdString(edge_->from_column)},
            theme, palette());
  auto column = QString::fromStdString(edge_->to_parameter);
  if (!edge_->to_column.empty()) column = QString::fromStdString(edge_->to_column) + QStringLiteral(" = ") + column;
  paint_box(painter, right,
            {QStringLiteral("child, ×%1").arg(format_count(edge_->executions)),
             text_or(edge_->to_table, QStringLiteral("statement")), column},
            theme, palette());

  const double y = kBoxPadding + 2.5 * fontMetrics().height() + 2;
  const double from = left.right() + 4;
  const double to = right.left() - 4;
  painter.setPen(QPen(theme.finding, 2));
  painter.drawLine(QPointF(from, y), QPointF(to - 6, y));
  painter.setPen(Qt::NoPen);
  painter.setBrush(theme.finding);
  painter.drawPolygon(QPolygonF{{to, y}, {to - 9, y - 5}, {to - 9, y + 5}});
  painter.setPen(palette().color(QPalette::Text));
  const auto share = QStringLiteral("%1 of %2").arg(format_count(edge_->covered), format_count(edge_->executions));
  const int room = static_cast<int>(to - from);
  painter.drawText(QRectF(from, y - fontMetrics().height() - 4, room, fontMetrics().height()), Qt::AlignCenter,
                   fontMetrics().elidedText(share, Qt::ElideRight, room));
  painter.setPen(theme.muted);
  painter.drawText(QRectF(from, y - 2 * fontMetrics().height() - 4, room, fontMetrics().height()), Qt::AlignCenter,
                   fontMetrics().elidedText(QStringLiteral("values"), Qt::ElideRight, room));
}

}  // namespace quell::gui
