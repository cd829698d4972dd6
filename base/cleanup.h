/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Locals that free themselves when they go out of scope, so that an error path is a plain return
 * and a forgotten free is not possible. The idiom is systemd's.
 *
 * Every destructor `x_free` takes NULL and returns NULL; DEFINE_TRIVIAL_CLEANUP turns it into the
 * `x_freep` that _cleanup_ wants. What outlives its scope is taken out with take().
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function) __attribute__((cleanup(function)))

#define DEFINE_TRIVIAL_CLEANUP(type, function)                                                     \
	static inline void function##p(type *value)                                                \
	{                                                                                          \
		if (*value)                                                                        \
			*value = function(*value);                                                 \
	}                                                                                          \
	struct allow_a_semicolon

/* The pointer, whose owner is somebody else from here on. */
#define take(pointer)                                                                              \
	({                                                                                         \
		__typeof__(pointer) *from_ = &(pointer);                                           \
		__typeof__(pointer) taken_ = *from_;                                               \
		*from_ = NULL;                                                                     \
		taken_;                                                                            \
	})

static inline void freep(void *pointer)
{
	free(*(void **)pointer);
}

static inline void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void fclosep(FILE **file)
{
	if (*file)
		fclose(*file);
}

#define _cleanup_free_ _cleanup_(freep)
#define _cleanup_close_ _cleanup_(closep)
#define _cleanup_fclose_ _cleanup_(fclosep)
