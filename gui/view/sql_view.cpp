#include "gui/view/sql_view.hpp"

#include <QEvent>
#include <QFontDatabase>
#include <QTextBlock>
#include <QTextLayout>
#include <algorithm>
#include <cmath>

#include "gui/model/sql_spans.hpp"
#include "gui/view/theme.hpp"

namespace quell::gui {
namespace {

QColor colour_of(SqlSpan::Kind kind, const Theme& theme) {
  switch (kind) {
    case SqlSpan::Kind::keyword:
      return theme.sql_keyword;
    case SqlSpan::Kind::string:
      return theme.sql_string;
    case SqlSpan::Kind::number:
      return theme.sql_number;
    case SqlSpan::Kind::parameter:
      return theme.sql_parameter;
    case SqlSpan::Kind::comment:
      return theme.sql_comment;
  }
  return {};
}

}  // namespace

SqlView::SqlView(QWidget* parent) : QPlainTextEdit(parent) {
  setReadOnly(true);
  // Tab moves on; the arrow keys still reach the text.
  setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  setTabChangesFocus(true);
  setFrameShape(QFrame::StyledPanel);
  setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
  setVerticalScrollBarPolicy(Qt::ScrollBarAsNeeded);
  setAccessibleName(QStringLiteral("SQL"));
}

void SqlView::set_most_lines(int lines) {
  most_lines_ = lines;
  setSizePolicy(QSizePolicy::Preferred, lines > 0 ? QSizePolicy::Fixed : QSizePolicy::Expanding);
  fit_height();
}

void SqlView::set_sql(const QString& sql) {
  setPlainText(sql);
  highlight();
  fit_height();
}

void SqlView::highlight() {
  const auto theme = Theme::of(palette());
  const auto text = toPlainText();
  const auto spans = sql_spans(
      std::u16string_view(reinterpret_cast<const char16_t*>(text.utf16()), static_cast<std::size_t>(text.size())));
  // The whole text at once: strings and comments may run over lines, which a highlighter by line would need states for.
  for (QTextBlock block = document()->firstBlock(); block.isValid(); block = block.next()) {
    QList<QTextLayout::FormatRange> formats;
    const int from = block.position();
    const int to = from + block.length() - 1;
    for (const auto& span : spans) {
      const int begin = std::max(static_cast<int>(span.begin), from);
      const int end = std::min(static_cast<int>(span.begin + span.length), to);
      if (begin >= end) continue;
      QTextLayout::FormatRange range;
      range.start = begin - from;
      range.length = end - begin;
      range.format.setForeground(colour_of(span.kind, theme));
      if (span.kind == SqlSpan::Kind::keyword) range.format.setFontWeight(QFont::DemiBold);
      formats.append(range);
    }
    block.layout()->setFormats(formats);
  }
  viewport()->update();
}

void SqlView::fit_height() {
  if (most_lines_ > 0) {
    setFixedHeight(sizeHint().height());
    updateGeometry();
  }
}

QSize SqlView::sizeHint() const {
  if (most_lines_ == 0) return QPlainTextEdit::sizeHint();
  int lines = 0;
  for (QTextBlock block = document()->firstBlock(); block.isValid(); block = block.next()) {
    const int columns = std::max(1, (viewport()->width() - 12) / std::max(1, fontMetrics().horizontalAdvance(u'x')));
    lines += std::max(1, (static_cast<int>(block.text().size()) + columns - 1) / columns);
  }
  lines = std::clamp(lines, 1, most_lines_);
  const int margins = 2 * (frameWidth() + static_cast<int>(std::ceil(document()->documentMargin())));
  return {200, lines * fontMetrics().lineSpacing() + margins + 2};
}

QSize SqlView::minimumSizeHint() const {
  return most_lines_ > 0 ? QSize(80, sizeHint().height()) : QSize(80, 60);
}

void SqlView::resizeEvent(QResizeEvent* event) {
  QPlainTextEdit::resizeEvent(event);
  if (event->oldSize().width() != event->size().width()) fit_height();
}

void SqlView::changeEvent(QEvent* event) {
  QPlainTextEdit::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) highlight();
}

}  // namespace quell::gui
