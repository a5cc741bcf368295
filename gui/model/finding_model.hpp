#pragma once

#include <QAbstractListModel>

#include "gui/model/session.hpp"

namespace quell::gui {

/// The findings of a report, in its order (severity, then cost). The display role is a whole sentence, for screen
/// readers; the list's delegate draws from the other roles.
class FindingModel : public QAbstractListModel {
  Q_OBJECT
 public:
  enum Role {
    kTitle = Qt::UserRole + 1,  ///< "N+1 queries"
    kTimes,                     ///< "×20"; empty for a single execution
    kWhere,                     ///< scope name
    kRelation,                  ///< "posts.id → post_tags.post_id", or the statement where no edge is known
    kSaving,                    ///< "saves 19 round trips, 4.10 ms"
    kConfidence,                ///< "proved"
    kSeverity,                  ///< int of detect::Severity
    kSeverityWord,
    kSite,  ///< "posts.cpp:41": where the child is executed
  };

  using QAbstractListModel::QAbstractListModel;
  void set_session(SessionPtr session);

  [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;

 private:
  SessionPtr session_;
};

}  // namespace quell::gui
