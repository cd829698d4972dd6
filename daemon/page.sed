# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# HTML as strings of C, a line each.
s/\\/\\\\/g
s/"/\\"/g
s/^/"/
s/$/\\n"/
