/* SPDX-License-Identifier: Apache-2.0 */
#include "scanner/engine_rules.h"

#include <stdio.h>
#include <string.h>

#define PEP263  "https://peps.python.org/pep-0263/"
#define TROJAN  "https://trojansource.codes/"
#define GRAMMAR "https://docs.python.org/3/reference/grammar.html"
#define ALL(s)                                                                                               \
    {                                                                                                        \
        s, s, s                                                                                              \
    }

static const struct hg_rule_info rules[HG_ER_COUNT] = {
    [HG_ER_CODEC] =
        {.id = "HG-ENC-001",
         .title = "Source in an encoding that hides code",
         .kind = "engine",
         .description = "The coding cookie names a codec such as utf-7 or rot13, under which the text that a "
                        "reader sees is not the text that Python runs.",
         .remedy = "Save the file as UTF-8 and drop the coding cookie.",
         .reference = PEP263,
         .example = "# -*- coding: utf-7 -*-\nx = 1\n",
         .counterexample = "# -*- coding: utf-8 -*-\nx = 1\n",
         .cwe = {838, 116},
         .severity = ALL(HG_SEV_CRITICAL),
         .confidence = HG_CONF_HIGH},
    [HG_ER_ENCODING] = {.id = "HG-ENC-002",
                        .title = "Source that does not decode",
                        .kind = "engine",
                        .description =
                            "The bytes are not valid in the encoding the file declares, so what Python would "
                            "read cannot be checked.",
                        .remedy = "Save the file as UTF-8.",
                        .reference = PEP263,
                        .example = "# -*- coding: no-such-codec -*-\nx = 1\n",
                        .counterexample = "# -*- coding: latin-1 -*-\nx = 1\n",
                        .cwe = {838, 172},
                        .severity = ALL(HG_SEV_HIGH),
                        .confidence = HG_CONF_HIGH},
    [HG_ER_BIDI] =
        {.id = "HG-ENC-003",
         .title = "Bidirectional control characters in source",
         .kind = "engine",
         .description =
             "Embedding, override or isolate characters make an editor show the code in another order "
             "than Python runs it.",
         .remedy = "Remove the characters, or write them as \\u escapes inside the string that needs them.",
         .reference = TROJAN,
         .example = "access = 'user\xE2\x80\xAE \xE2\x81\xA6# admin\xE2\x81\xA9 \xE2\x81\xA6'\n",
         .counterexample = "name = '\\u202e'\n",
         .cwe = {838, 1007},
         .severity = ALL(HG_SEV_HIGH),
         .confidence = HG_CONF_HIGH},
    [HG_ER_SYNTAX] =
        {.id = "HG-PARSE-001",
         .title = "Source that does not parse",
         .kind = "engine",
         .description =
             "No Python grammar accepts the file, so its rules cannot be checked. Python would most "
             "likely refuse it too, but versions differ.",
         .remedy = "Correct the syntax error, or approve exactly these bytes.",
         .reference = GRAMMAR,
         .example = "def f(:\n    pass\n",
         .counterexample = "def f():\n    pass\n",
         .cwe = {1286},
         .severity = ALL(HG_SEV_HIGH),
         .confidence = HG_CONF_HIGH},
    [HG_ER_CAP] =
        {.id = "HG-PARSE-002",
         .title = "Source larger or deeper than the scanner's caps",
         .kind = "engine",
         .description =
             "The file nests deeper or holds more than the parser allows itself, so it was not read to "
             "its end.",
         .remedy = "Split the file, or load its data from a data file.",
         .reference = "https://cwe.mitre.org/data/definitions/674.html",
         .example = NULL,
         .counterexample = "x = ((1))\n",
         .cwe = {674, 400},
         .severity = ALL(HG_SEV_HIGH),
         .confidence = HG_CONF_HIGH},
    [HG_ER_NUL] =
        {.id = "HG-PARSE-003",
         .title = "NUL byte in source",
         .kind = "engine",
         .description =
             "Python versions differ in where they stop reading at a NUL byte, so text behind it may "
             "run in one and not in another.",
         .remedy = "Remove the NUL byte.",
         .reference = "https://cwe.mitre.org/data/definitions/158.html",
         .example = NULL,
         .counterexample = "x = '\\0'\n",
         .cwe = {158},
         .severity = ALL(HG_SEV_HIGH),
         .confidence = HG_CONF_HIGH},
    [HG_ER_LAYER] =
        {.id = "HG-LAYER-001",
         .title = "Encoded layers beyond the scanner's caps",
         .kind = "engine",
         .description =
             "The source decodes, unpacks or builds more than the scanner follows: too many layers, "
             "too deep, or too large.",
         .remedy = "Ship the data as a file of its own.",
         .reference = "https://cwe.mitre.org/data/definitions/409.html",
         .example = NULL,
         .counterexample = "import base64\nx = base64.b64decode('aGVsbG8=')\n",
         .cwe = {409, 506},
         .severity = ALL(HG_SEV_HIGH),
         .confidence = HG_CONF_MEDIUM},
};

int hg_engine_report(enum hg_engine_rule_id id, const struct hg_engine_place *place, const char *detail,
                     struct hg_findings *out)
{
    const struct hg_rule_info *rule = &rules[id];
    char message[320];
    (void)snprintf(message, sizeof message, "%s%s%s", rule->title, detail == NULL ? "" : ": ",
                   detail == NULL ? "" : detail);
    struct hg_finding f = {.rule = (char *)(uintptr_t)rule->id,
                           .message = message,
                           .layers = (char *)(uintptr_t)place->layers,
                           .severity = rule->severity[place->reach],
                           .confidence = rule->confidence,
                           .reach = place->reach,
                           .line = place->line,
                           .column = place->column};
    memcpy(f.cwe, rule->cwe, sizeof f.cwe);
    return hg_findings_add(out, &f);
}

const struct hg_rule_info *hg_engine_rule_info(size_t index)
{
    return index < HG_ER_COUNT ? &rules[index] : NULL;
}
