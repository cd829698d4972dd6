/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* holdfast doctor: hands the command line's options to doctor/. */
#pragma once

struct command;

int doctor_verb_run(const struct command *command);
