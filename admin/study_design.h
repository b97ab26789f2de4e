/* What is allowed in a study but will be regretted: nobody can repair a design after the field. */
#ifndef SANAQ_ADMIN_STUDY_DESIGN_H
#define SANAQ_ADMIN_STUDY_DESIGN_H

#include "core/points.h"
#include "core/study_reports.h"

/** Add warnings about the design to ${r}, with lines of study.yaml. */
void study_design_judge(const struct study *s, const struct points *p, struct study_reports *r);

#endif
