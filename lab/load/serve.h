/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The server: serve.c. */
#pragma once

#include "lab/load/options.h"

extern const struct option_row serve_options[];

/* Runs until it is told to stop. An exit status. */
int serve(int argc, char **argv);
