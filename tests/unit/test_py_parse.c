/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/py_sexpr.h"

struct sample {
    const char *source, *tree;
};

/* clang-format off */
static const struct sample accepted[] = {
    {"del a; print 'x'; del (b)",
     "(Delete [(Name a)]) (Print2 [(Str x)]) (Delete [(Name b)])"},
    {"a.b(c, *d, e=1, **f).g",
     "(Expr (Attr g (Call (Attr b (Name a)) [(Name c) (Star (Name d)) (Kw e (Int 1)) (DStar (Name f))])))"},
    {"-x ** -y ** 2 * 3 + 4",
     "(Expr (Bin:+ (Bin:* (Unary:- (Bin:1 (Name x) (Unary:- (Bin:1 (Name y) (Int 2))))) (Int 3)) (Int 4)))"},
    {"a or b and not c in d is not e",
     "(Expr (Bool:7 [(Name a) (Bool:6 [(Name b) (Unary:5 (Compare [(Name c) (Name d) (Name e)]))])]))"},
    {"a if b else c if d else lambda: e if f else g",
     "(Expr (IfExp (Name a) (Name b) (IfExp (Name c) (Name d) (Lambda (Params []) (IfExp (Name e) (Name f) (Name g))))))"},
    {"(a, b), c = d = [e, *f], {}",
     "(Assign [(Tuple [(Tuple [(Name a) (Name b)]) (Name c)]) (Name d)] (Tuple [(List [(Name e) (Star (Name f))]) (Dict [])]))"},
    {"{1: 2, **a}; {1, 2}; (); (yield x, y)",
     "(Expr (Dict [(Int 1) (Int 2) (DStar (Name a)) -])) (Expr (Set [(Int 1) (Int 2)])) (Expr (Tuple [])) (Expr (Yield (Tuple [(Name x) (Name y)])))"},
    {"x[1:2, ::3, a:, ...][b]",
     "(Expr (Sub (Sub (Name x) (Tuple [(Slice (Int 1) (Int 2) -) (Slice - - (Int 3)) (Slice (Name a) - -) (Const:4)])) (Name b)))"},
    {"[x for x, y in z if x if y for w in (v)]",
     "(Expr (ListComp (Name x) [(CompFor (Tuple [(Name x) (Name y)]) (Name z) [(Name x) (Name y)]) (CompFor (Name w) (Name v) [])]))"},
    {"{k: v async for k, v in z}; f(x for x in y)",
     "(Expr (DictComp (Name k) (Name v) [(CompFor:async (Tuple [(Name k) (Name v)]) (Name z) [])])) (Expr (Call (Name f) [(GenExp (Name x) [(CompFor (Name x) (Name y) [])])]))"},
    {"lambda a, /, b=1, *c, d, **e: (a, b)",
     "(Expr (Lambda (Params [(Param a - -) (Param b - (Int 1)) (Param:* c - -) (Param d - -) (Param:D e - -)]) (Tuple [(Name a) (Name b)])))"},
    {"if (n := f(x)) > 1: pass",
     "(If (Compare [(Walrus (Name n) (Call (Name f) [(Name x)])) (Int 1)]) [(Pass)] [])"},
    {"def f(a: int = 1, *, b: \"x\" = 2, **kw) -> T:\n    return a, *b",
     "(Def f [] (Params [(Param a (Name int) (Int 1)) (Param b (Str x) (Int 2)) (Param:D kw - -)]) (Name T) [(Return (Tuple [(Name a) (Star (Name b))]))])"},
    {"@d.e(1)\nclass C(B, metaclass=M):\n\tx: int = 1\n\tasync def m(self): await self.n(); return",
     "(Class C [(Call (Attr e (Name d)) [(Int 1)])] [(Name B) (Kw metaclass (Name M))] [(AnnAssign (Name x) (Name int) (Int 1)) (Def:async m [] (Params [(Param self - -)]) - [(Expr (Await (Call (Attr n (Name self)) []))) (Return -)])])"},
    {"if a: pass\nelif b:\n    c\nelif d: e\nelse: f",
     "(If (Name a) [(Pass)] [(If (Name b) [(Expr (Name c))] [(If (Name d) [(Expr (Name e))] [(Expr (Name f))])])])"},
    {"for i, in x: pass\nelse: y",
     "(For (Tuple [(Name i)]) (Name x) [(Pass)] [(Expr (Name y))])"},
    {"async def f():\n    async for x in y: z\n    async with a as b, c: pass",
     "(Def:async f [] (Params []) - [(For:async (Name x) (Name y) [(Expr (Name z))] []) (With:async [(Item (Name a) (Name b)) (Item (Name c) -)] [(Pass)])])"},
    {"while a: break\nelse: continue",
     "(While (Name a) [(Break)] [(Continue)])"},
    {"try: a\nexcept (B, C) as e: pass\nexcept: pass\nelse: d\nfinally: e",
     "(Try [(Expr (Name a))] [(Handler e (Tuple [(Name B) (Name C)]) [(Pass)]) (Handler - [(Pass)])] [(Expr (Name d))] [(Expr (Name e))])"},
    {"try: a\nexcept* B: pass",
     "(Try [(Expr (Name a))] [(Handler (Name B) [(Pass)])] [] [])"},
    {"try: a\nexcept B, C: pass",
     "(Try [(Expr (Name a))] [(Handler (Tuple [(Name B) (Name C)]) [(Pass)])] [] [])"},
    {"with (open(a) as b, c,): pass",
     "(With [(Item (Call (Name open) [(Name a)]) (Name b)) (Item (Name c) -)] [(Pass)])"},
    {"with (a, b) as c, (d): pass",
     "(With [(Item (Tuple [(Name a) (Name b)]) (Name c)) (Item (Name d) -)] [(Pass)])"},
    {"match x, y:\n    case [1, *r] | {\"k\": v, **w} if r: pass\n    case C(1, k=a.b) as z: pass\n    case _: pass",
     "(Match (Tuple [(Name x) (Name y)]) [(Case (Bin:| (List [(Int 1) (Star (Name r))]) (Dict [(Str k) (Name v) (DStar (Name w)) -])) (Name r) [(Pass)]) (Case (Walrus (Name z) (Sub (Name C) (Tuple [(Int 1) (Kw k (Attr b (Name a)))]))) - [(Pass)]) (Case (Name _) - [(Pass)])])"},
    {"match = 1; match.x; match(a)[0] = {1: 2}",
     "(Assign [(Name match)] (Int 1)) (Expr (Attr x (Name match))) (Assign [(Sub (Call (Name match) [(Name a)]) (Int 0))] (Dict [(Int 1) (Int 2)]))"},
    {"type X[T: f(1) = g()] = list[T]; type = 1",
     "(Expr (Tuple [(Call (Name f) [(Int 1)]) (Call (Name g) [])])) (Type X (Sub (Name list) (Name T))) (Assign [(Name type)] (Int 1))"},
    {"def f[T, *U, **V](x): pass",
     "(Def f [] (Params [(Param x - -)]) - [(Pass)])"},
    {"import a.b as c, d; from . import e; from ...f.g import (h as i, j,); from k import *",
     "(Import [(Alias a.b (Name c)) (Alias d -)]) (From^1  [(Alias e -)]) (From^3 f.g [(Alias h (Name i)) (Alias j -)]) (From k [(Alias * -)])"},
    {"global a, b; nonlocal c; del d, e; assert f, g; raise h from i; raise",
     "(Global [(Name a) (Name b)]) (Nonlocal [(Name c)]) (Delete [(Name d) (Name e)]) (Assert (Name f) (Name g)) (Raise (Name h) (Name i)) (Raise - -)"},
    {"x += yield; x: int; x //= 2; x = y = yield from z",
     "(AugAssign:+ (Name x) (Yield -)) (AnnAssign (Name x) (Name int) -) (AugAssign:2 (Name x) (Int 2)) (Assign [(Name x) (Name y)] (YieldFrom (Name z)))"},
    {"print \"a\" % b, c,; print >>f, d; exec \"x\" in y, z; print; raise E, \"v\"; `a, b`; a <> 0777L",
     "(Print2 [(Bin:% (Str a) (Name b)) (Name c)]) (Print2 [(Name f) (Name d)]) (Exec2 (Str x) (Name y) (Name z)) (Expr (Name print)) (Raise (Name E) (Str v)) (Expr (Backquote (Tuple [(Name a) (Name b)]))) (Expr (Compare [(Name a) (Int 0777L)]))"},
    {"'a' \"b\" '\\x41\\101\\u0042\\N{LATIN SMALL LETTER C}\\N{SNOWMAN}\\d\\\ne'; r'\\n' b'\\x41\\u0041' ; B'\\x41\\u0041' rb'\\n'",
     "(Expr (Str abAABc\357\277\275\\de)) (Expr (Str \\nA\\u0041)) (Expr (Bytes A\\u0041\\n))"},
    {"f\"a{b!r:>{w}}c{{}}\" 'd' f'{x = }{y[\"k\"]}{f'{z}'}'; t\"{a}\"; rf\"\\{b}\\N{c}\"",
     "(Expr (FStr [(Str a) (Field:r (Name b) (FStr [(Str >) (Field (Name w) -)])) (Str c{}dx = ) (Field:r (Name x) -) (Field (Sub (Name y) (Str k)) -) (Field (FStr [(Field (Name z) -)]) -)])) (Expr (FStr:t [(Field (Name a) -)])) (Expr (FStr [(Str \\) (Field (Name b) -) (Str \\N) (Field (Name c) -)]))"},
    {"f\"\"\"{\n  a\n  + b:x\n}\"\"\"",
     "(Expr (FStr [(Field (Bin:+ (Name a) (Name b)) (FStr [(Str x$)]))]))"},
    {"\357\274\221 = 0",
     "(Assign [(Name 1)] (Int 0))"},
    {"\357\275\217\357\275\223.\357\275\223\357\275\231\357\275\223\357\275\224\357\275\205\357\275\215(\360\235\223\256, \303\251, \357\254\201, \352\260\201, \303\251)",
     "(Expr (Call (Attr system (Name os)) [(Name e) (Name \303\251) (Name fi) (Name \352\260\201) (Name \303\251)]))"},
    {"if a:\n        b\n\tc",
     "(If (Name a) [(Expr (Name b)) (Expr (Name c))] [])"},
    {"if a:\n  b\n\n # c\n  d\ne",
     "(If (Name a) [(Expr (Name b)) (Expr (Name d))] []) (Expr (Name e))"},
    {"x = [ # c\n  1, \\\n  2]; y = 1if z else.5e-3j",
     "(Assign [(Name x)] (List [(Int 1) (Int 2)])) (Assign [(Name y)] (IfExp (Int 1) (Name z) (Float .5e-3j)))"},
    {"async = 1; await_ = await x; print(async)",
     "(Assign [(Name async)] (Int 1)) (Assign [(Name await_)] (Await (Name x))) (Expr (Call (Name print) [(Name async)]))"},
    {"x[a for a in b]; x[]; lambda (a, b), c: d",
     "(Expr (Sub (Name x) (ListComp (Name a) [(CompFor (Name a) (Name b) [])]))) (Expr (Sub (Name x) (List []))) (Expr (Lambda (Params [(Param a - -) (Param b - -) (Param c - -)]) (Name d)))"},
    {"not a.b; await a.b ** c; (await a)(b); *a, = b",
     "(Expr (Unary:5 (Attr b (Name a)))) (Expr (Bin:1 (Await (Attr b (Name a))) (Name c))) (Expr (Call (Await (Name a)) [(Name b)])) (Assign [(Tuple [(Star (Name a))])] (Name b))"},
    {"a < b == c not in d; a @ b << c & d | e ^ f",
     "(Expr (Compare [(Name a) (Name b) (Name c) (Name d)])) (Expr (Bin:| (Bin:& (Bin:3 (Bin:@ (Name a) (Name b)) (Name c)) (Name d)) (Bin:^ (Name e) (Name f))))"},
    {"for x in *a, b: pass",
     "(For (Name x) (Tuple [(Star (Name a)) (Name b)]) [(Pass)] [])"},
    {"return lambda: (yield)",
     "(Return (Lambda (Params []) (Yield -)))"},
    {"\"\\ud83d\\ude00\" \"\\400\" \"\\8\"",
     "(Expr (Str \355\240\275\355\270\200\304\200\\8))"},
    {"class A: x = 1; y = 2",
     "(Class A [] [] [(Assign [(Name x)] (Int 1)) (Assign [(Name y)] (Int 2))])"},
    {"[a := 1, b := 2]; f(a := 1, b=c); x[a := 1]",
     "(Expr (List [(Walrus (Name a) (Int 1)) (Walrus (Name b) (Int 2))])) (Expr (Call (Name f) [(Walrus (Name a) (Int 1)) (Kw b (Name c))])) (Expr (Sub (Name x) (Walrus (Name a) (Int 1))))"},
    {"f(**a, *b, c)(d)[e].g",
     "(Expr (Attr g (Sub (Call (Call (Name f) [(DStar (Name a)) (Star (Name b)) (Name c)]) [(Name d)]) (Name e))))"},
    {"if x:\n    if y:\n        a\n    else: b\nelse: c\n",
     "(If (Name x) [(If (Name y) [(Expr (Name a))] [(Expr (Name b))])] [(Expr (Name c))])"},
};

/* A syntax error, and what is left of the file. */
static const struct sample recovered[] = {
    {"if a:\n    b = = c\n    d\ne",
     "(If (Name a) [(Expr (Name d))] []) (Expr (Name e))"},
    {"f(a\nimport b\nc",
     "(Expr (Name c))"},
    {"  a\nb",
     "(Expr (Name a)) (Expr (Name b))"},
    {"if a:\n    b\n  c\nd",
     "(If (Name a) [(Expr (Name b)) (Expr (Name c))] []) (Expr (Name d))"},
    {"@a\nb",
     "(Expr (Name a)) (Expr (Name b))"},
    {"x = a if b\ny",
     "(Expr (Name y))"},
};
/* clang-format on */

static void check(const struct sample *s, int want)
{
    struct py_tree tree;
    struct py_error err;
    struct py_sexpr sexpr;
    const int rc = py_parse(s->source, strlen(s->source), &tree, &err);

    if (rc != want)
        print_error("%s\n: %s\n", s->source, err.text);
    assert_int_equal(rc, want);
    assert_int_equal(err.code, want == 0 ? PY_E_OK : PY_E_SYNTAX);
    assert_string_equal(py_sexpr_of(&tree, &sexpr), s->tree);
    py_tree_free(&tree);
}

static void test_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++)
        check(&accepted[i], 0);
}

static void test_recovered(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof recovered / sizeof *recovered; i++)
        check(&recovered[i], -1);
}

/* The nodes move when their array grows: statements in front make that happen at every node of each sample.
 * Says something in the sanitizer build. */
static void test_moving_nodes(void **state)
{
    enum { MOST = 48 };

    (void)state;
    for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
        char *text = malloc(2 * MOST + strlen(accepted[i].source) + 1);
        struct py_tree tree;
        struct py_error err;

        assert_non_null(text);
        for (size_t k = 0; k < MOST; k++) {
            for (size_t j = 0; j < k; j++)
                memcpy(text + 2 * j, "a\n", 2);
            strcpy(text + 2 * k, accepted[i].source);
            assert_int_equal(py_parse(text, strlen(text), &tree, &err), 0);
            py_tree_free(&tree);
        }
        free(text);
    }
}

/* --- positions --------------------------------------------------------------------------------------------
 */

static const struct py_nodedata *find(const struct py_tree *t, enum py_kind kind, const char *name)
{
    for (py_node n = 1; n < t->count; n++) {
        const struct py_nodedata *d = py_at(t, n);
        const struct py_nodedata *named = kind == PY_CALL ? py_at(t, d->first) : d;
        if (d->kind == kind && named->text_len == strlen(name) &&
            memcmp(named->text, name, named->text_len) == 0)
            return d;
    }
    return py_at(t, 0);
}

static void test_positions(void **state)
{
    static const char source[] =
        "x = 1\n@d\ndef f(): pass\n(\n a\n .b)(\n c)\nf'''\n{g(1)}'''\nx = h('''\n''', i())\n";
    struct py_tree t;
    struct py_error err;

    (void)state;
    assert_int_equal(py_parse(source, strlen(source), &t, &err), 0);
    assert_int_equal(find(&t, PY_FUNCDEF, "f")->line, 3);
    assert_int_equal(find(&t, PY_CALL, "b")->line, 4); /* the parenthesis, as ast has it */
    assert_int_equal(find(&t, PY_CALL, "b")->column, 0);
    assert_int_equal(find(&t, PY_ATTRIBUTE, "b")->line, 5);
    assert_int_equal(find(&t, PY_CALL, "g")->line, 9); /* inside an f-string */
    assert_int_equal(find(&t, PY_CALL, "g")->column, 1);
    assert_int_equal(find(&t, PY_CALL, "h")->line, 10);
    assert_int_equal(find(&t, PY_CALL, "i")->line, 11); /* behind a string of two lines */
    py_tree_free(&t);
    assert_int_equal(py_parse("a\nb c\n", 6, &t, &err), -1);
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 3);
    py_tree_free(&t);
}

/* --- hostile input
 * ------------------------------------------------------------------------------------------ */

struct hostile {
    const char *before, *again, *after;
    size_t times;
    enum py_error_code code;
};

static const struct hostile hostile[] = {
    {"", "(", "", 65536, PY_E_DEPTH},
    {"x = ", "[", "", 100000, PY_E_DEPTH},
    {"", "f'{", "", 100000, PY_E_DEPTH},
    {"f'{a:", "{a:", "", 100000, PY_E_DEPTH},
    {"def f(", "(", "", 100000, PY_E_DEPTH},
    {"", "\\\n", "", 500000, PY_E_OK},
    {"x = [", "1,", "]", 500000, PY_E_OK},
    {"'''", "a\n", "", 500000, PY_E_SYNTAX},
    {"", "-", "1", 200000, PY_E_OK},
    {"", "not ", "1", 200000, PY_E_OK},
    {"", "await ", "x", 200000, PY_E_OK},
    {"a", ".b", "", 200000, PY_E_OK},
    {"a", "()", "", 200000, PY_E_OK},
    {"a", "[0]", "", 200000, PY_E_OK},
    {"if a: pass\n", "elif a: pass\n", "", 200000, PY_E_OK},
    {"try: pass\n", "except A: pass\n", "", 200000, PY_E_OK},
    {"x = ", "'a' ", "", 200000, PY_E_OK},
    {"x = ", "'a' + ", "b", 200000, PY_E_OK},
    {"", "lambda: ", "1", 200000, PY_E_OK},
    {"", "a if b else ", "c", 200000, PY_E_OK},
    {"", "a if ", "c", 200000, PY_E_SYNTAX},
    {"", "2 ** ", "2", 200000, PY_E_OK},
    {"", "a = ", "2", 200000, PY_E_OK},
    {"[x for x in y ", "if x ", "]", 200000, PY_E_OK},
    {"[x ", "for x in y ", "]", 200000, PY_E_OK},
    {"", "match (a b\n", "", 100000, PY_E_SYNTAX},
    {"", "match(x);", "", 100000, PY_E_OK},
    {"x = '", "\\N{", "'", 200000, PY_E_OK},
    {"f'", "{x=}", "'", 100000, PY_E_OK},
    {"", "`", "", 200000, PY_E_SYNTAX},
    {"", "@a\n", "", 200000, PY_E_OK},
    {"e", "\314\201", "", 2000, PY_E_SIZE},
};

static void test_hostile(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        const struct hostile *h = &hostile[i];
        const size_t size = strlen(h->before) + strlen(h->again) * h->times + strlen(h->after);
        char *text = malloc(size + 1), *at;
        struct py_tree tree;
        struct py_error err;

        assert_non_null(text);
        at = stpcpy(text, h->before);
        for (size_t k = 0; k < h->times; k++)
            at = stpcpy(at, h->again);
        strcpy(at, h->after);
        py_parse(text, size, &tree, &err);
        if (err.code != h->code)
            print_error("%s%s... : %s\n", h->before, h->again, err.text);
        assert_int_equal(err.code, h->code);
        py_tree_free(&tree);
        free(text);
    }
}

static void test_deep_indentation(void **state)
{
    enum { DEEP = 1500 };
    char *text = malloc(DEEP * (DEEP + 8)), *at = text;
    struct py_tree tree;
    struct py_error err;

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < DEEP; i++) {
        memset(at, ' ', i);
        at = stpcpy(at + i, "if x:\n");
    }
    assert_int_equal(py_parse(text, (size_t)(at - text), &tree, &err), -1);
    assert_int_equal(err.code, PY_E_DEPTH);
    py_tree_free(&tree);
    free(text);
}

static void test_nul(void **state)
{
    struct py_tree tree;
    struct py_error err;

    (void)state;
    assert_int_equal(py_parse("a\0b", 3, &tree, &err), -1);
    assert_int_equal(err.code, PY_E_NUL);
    py_tree_free(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),  cmocka_unit_test(test_moving_nodes),
        cmocka_unit_test(test_recovered), cmocka_unit_test(test_positions),
        cmocka_unit_test(test_hostile),   cmocka_unit_test(test_deep_indentation),
        cmocka_unit_test(test_nul),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
