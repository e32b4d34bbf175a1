/* SPDX-License-Identifier: Apache-2.0 */
    .section .rodata
    .globl hg_rules_blob
    .globl hg_rules_blob_end
    .hidden hg_rules_blob
    .hidden hg_rules_blob_end
hg_rules_blob:
    .incbin "rules.blob"
hg_rules_blob_end:
    .byte 0
    .globl hg_rules_yarc
    .globl hg_rules_yarc_end
    .hidden hg_rules_yarc
    .hidden hg_rules_yarc_end
hg_rules_yarc:
    .incbin "rules.yarc"
hg_rules_yarc_end:
    .byte 0
    .section .note.GNU-stack,"",@progbits
