#include "gui/view/timeline_panel.hpp"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QToolButton>
#include <QVBoxLayout>

#include "gui/model/wording.hpp"
#include "gui/view/theme.hpp"
#include "gui/view/timeline.hpp"

namespace quell::gui {
namespace {

/// What the colours and the outline mean.
class Legend : public QWidget {
 public:
  explicit Legend(QWidget* parent) : QWidget(parent) {
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Preferred);
    setAccessibleName(
        QStringLiteral("Legend: blue reads, orange writes, grey transaction control, green other; a red "
                       "outline and a triangle mark findings"));
  }

  [[nodiscard]] QSize sizeHint() const override {
    int width = 0;
    for (const auto& entry : entries()) width += fontMetrics().horizontalAdvance(entry) + 32;
    return {width, fontMetrics().height() + 4};
  }

 protected:
  void paintEvent(QPaintEvent* /*event*/) override {
    QPainter painter(this);
    const auto theme = Theme::of(palette());
    const auto names = entries();
    int x = 0;
    for (int i = 0; i < names.size(); ++i) {
      const QRect swatch(x, (height() - 11) / 2, 14, 11);
      if (i < static_cast<int>(kQueryClasses)) {
        painter.fillRect(swatch, theme.of(static_cast<QueryClass>(i)));
      } else {
        painter.setPen(QPen(theme.finding, 2));
        painter.drawRect(swatch.adjusted(1, 1, -1, -1));
      }
      painter.setPen(theme.muted);
      const int text_width = fontMetrics().horizontalAdvance(names[i]);
      painter.drawText(QRect(x + 19, 0, text_width + 2, height()), Qt::AlignVCenter | Qt::AlignLeft, names[i]);
      x += text_width + 32;
    }
  }

 private:
  static QStringList entries() {
    QStringList names;
    for (std::size_t i = 0; i < kQueryClasses; ++i) names << word_of(static_cast<QueryClass>(i));
    return names << QStringLiteral("finding");
  }
};

}  // namespace

TimelinePanel::TimelinePanel(QWidget* parent)
    : QWidget(parent), timeline_(new Timeline(this)), grouping_(new QComboBox(this)) {
  grouping_->addItem(QStringLiteral("Lanes by scope"));
  grouping_->addItem(QStringLiteral("Lanes by connection"));
  grouping_->setAccessibleName(QStringLiteral("Lanes by"));
  auto* whole = new QToolButton(this);
  whole->setText(QStringLiteral("Whole trace"));
  whole->setToolTip(QStringLiteral("Show the whole trace (0)"));
  whole->setAccessibleName(QStringLiteral("Show the whole trace"));
  auto* header = new QHBoxLayout;
  header->setContentsMargins(8, 3, 8, 3);
  header->addWidget(grouping_);
  header->addWidget(whole);
  header->addStretch(1);
  header->addWidget(new Legend(this));
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  layout->addLayout(header);
  layout->addWidget(timeline_, 1);
  connect(grouping_, &QComboBox::currentIndexChanged, this, &TimelinePanel::regroup);
  connect(whole, &QToolButton::clicked, timeline_, &Timeline::show_whole);
}

void TimelinePanel::set_session(const SessionPtr& session) {
  session_ = session;
  timeline_->set_session(session, lanes());
}

std::shared_ptr<const LaneSet> TimelinePanel::lanes() const {
  if (!session_) return nullptr;
  const auto grouping = static_cast<Grouping>(grouping_->currentIndex());
  if (grouping == Grouping::scope_name && session_->lanes) return session_->lanes;
  return std::make_shared<const LaneSet>(build_lanes(*session_, grouping));
}

void TimelinePanel::regroup() {
  if (session_) timeline_->set_lanes(lanes());
}

}  // namespace quell::gui
