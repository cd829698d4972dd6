/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The loader's part of bpf/steps/table.h. A program's load of such a map's descriptor becomes a load of the
 * address of its only entry (BPF_PSEUDO_MAP_VALUE), as libbpf itself does for a program's global variables;
 * those it cannot make of another size before load, nor pin by name. libbpf hands a program over when
 * everything else in it is settled (libbpf_register_prog_handler).
 */
#pragma once

/* For all programs that this process opens from now on. 0 or a negative errno. */
int direct_tables(void);
