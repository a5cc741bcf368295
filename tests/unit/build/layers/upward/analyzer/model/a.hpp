#include "analyzer/detect/finding.hpp"
