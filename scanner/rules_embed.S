/* SPDX-License-Identifier: Apache-2.0 */
/* hg_rules_NAME: the bytes of gen/rules.NAME; hg_rules_NAME_size: a 64-bit number, how many. */
    .macro embed name
    .globl hg_rules_\name
    .hidden hg_rules_\name
    .globl hg_rules_\name\()_size
    .hidden hg_rules_\name\()_size
    .balign 8
hg_rules_\name\()_size:
    .8byte hg_rules_\name\()_end - hg_rules_\name
hg_rules_\name:
    .incbin "rules.\name"
hg_rules_\name\()_end:
    .byte 0
    .endm
    .section .rodata
    embed blob
    embed yarc
    .section .note.GNU-stack,"",@progbits
