#include "gui/view/filter_bar.hpp"

#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QSignalBlocker>
#include <QTimer>
#include <QToolButton>

#include "gui/model/wording.hpp"
#include "gui/view/theme.hpp"

namespace quell::gui {
namespace {

constexpr int kTypingPause = 120;  // milliseconds

}  // namespace

FilterBar::FilterBar(QWidget* parent) : QWidget(parent), chips_(new QHBoxLayout), search_(new QLineEdit(this)) {
  auto* layout = new QHBoxLayout(this);
  layout->setContentsMargins(8, 2, 4, 2);
  chips_->setSpacing(6);
  layout->addLayout(chips_);
  layout->addStretch(1);
  search_->setPlaceholderText(QStringLiteral("Find in statements and scopes  (Ctrl+F)"));
  search_->setClearButtonEnabled(true);
  search_->setFixedWidth(300);
  search_->setAccessibleName(QStringLiteral("Find in statements and scopes"));
  layout->addWidget(search_);
  auto* pause = new QTimer(this);
  pause->setSingleShot(true);
  pause->setInterval(kTypingPause);
  connect(search_, &QLineEdit::textChanged, pause, qOverload<>(&QTimer::start));
  connect(pause, &QTimer::timeout, this, [this] {
    auto filter = filter_;
    filter.text = search_->text().trimmed().toStdString();
    if (filter != filter_) emit filter_changed(filter);
  });
  show_filter(nullptr, {});
}

void FilterBar::focus_search() {
  search_->setFocus(Qt::ShortcutFocusReason);
  search_->selectAll();
}

void FilterBar::show_filter(const Session* session, const Filter& filter) {
  filter_ = filter;
  while (auto* item = chips_->takeAt(0)) {
    if (item->widget()) item->widget()->deleteLater();
    delete item;
  }
  if (search_->text().trimmed().toStdString() != filter.text) {
    const QSignalBlocker quiet(search_);
    search_->setText(QString::fromStdString(filter.text));
  }
  if (!session) return;
  if (filter.scope_name) {
    auto without = filter;
    without.scope_name.reset();
    const bool named = *filter.scope_name < session->scope_names.size();
    add_chip(named ? QStringLiteral("scope ") + QString::fromStdString(session->scope_names[*filter.scope_name])
                   : QStringLiteral("outside any scope"),
             QStringLiteral("Only queries of this scope. Click to remove."), without);
  }
  if (filter.statement) {
    auto without = filter;
    without.statement.reset();
    const auto& statement = session->report.statements[*filter.statement];
    auto text = one_line(statement.text);
    if (text.size() > 40) text = text.left(39) + u'…';
    add_chip(text, QString::fromStdString(statement.text), without);
  }
  if (filter.range) {
    auto without = filter;
    without.range.reset();
    const auto step = std::max<trace::Duration>(filter.range->length() / 10, 1);
    add_chip(format_instant(filter.range->begin - session->begin, step) + QStringLiteral(" – ") +
                 format_instant(filter.range->end - session->begin, step),
             QStringLiteral("Only queries that start in this time. Click to remove."), without);
  }
  if (filter.empty()) {
    auto* label = new QLabel(QStringLiteral("No filter: the whole trace is shown"), this);
    auto colours = label->palette();
    colours.setColor(QPalette::WindowText, Theme::of(colours).muted);
    label->setPalette(colours);
    chips_->addWidget(label);
  } else {
    auto* all = new QToolButton(this);
    all->setText(QStringLiteral("Clear all"));
    all->setAutoRaise(true);
    all->setAccessibleName(QStringLiteral("Clear all filters"));
    connect(all, &QToolButton::clicked, this, [this] { emit filter_changed({}); });
    chips_->addWidget(all);
  }
}

void FilterBar::add_chip(const QString& text, const QString& tooltip, Filter without) {
  auto* chip = new QToolButton(this);
  chip->setText(text + QStringLiteral("   ✕"));
  chip->setToolTip(tooltip);
  chip->setAccessibleName(QStringLiteral("Remove filter: ") + text);
  connect(chip, &QToolButton::clicked, this, [this, without = std::move(without)] { emit filter_changed(without); });
  chips_->addWidget(chip);
}

}  // namespace quell::gui
