/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Parts of a comparison that are shared between its files. */
#pragma once

#include "core/diff.h"

/* A field of something that both have, if its text differs. 0 or -ENOMEM. */
int diff_field(struct diff *diff, enum diff_about about, const char *name, const char *field,
	       const char *before, const char *after);

/* A change of a whole thing. 0 or -ENOMEM. */
int diff_add(struct diff *diff, const struct diff_change *change);

/* What programs are loaded with. 0 or -ENOMEM. */
int diff_settings(struct diff *diff, const struct diff_side *before, const struct diff_side *after);

/* When and where to the service's new connections leave the site. 0 or -ENOMEM. */
int diff_policies(struct diff *diff, const struct plan_service *before,
		  const struct plan_service *after);

/* Whose options are compared. */
struct diff_options {
	enum diff_about about;
	const char *name; /* whose they are; NULL: the node's own, each called by its path */
	size_t skip;	  /* letters of the rows' paths that are not said */
};

/* All options under the row `parent`, of two objects that it keeps them in. 0 or -ENOMEM. */
int diff_options(struct diff *diff, const struct diff_options *options, const char *parent,
		 const void *before, const void *after);
