import functools as t
for i, (a, *b) in enumerate([1, 2]):
    s = "".join(chr(c ^ 1) for c in b"rx")
    globals()[s] = f"{a}/{s!r:>3}"
match s:
    case [x, *_] if x: del x
with open("~/.bashrc", "a") as g: g.write("%s" % s)
@t.partial(print, 1)
def f(x=lambda q: q): global s; return (yield x)
