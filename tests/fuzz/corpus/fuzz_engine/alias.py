Åimport os as o, base64
f = o.system
getattr(o, "metsys"[::-1])("x")
exec(base64.b64decode("aW1wb3J0IG9zO29zLnN5c3RlbSgnaWQnKQ=="))
class A(B, metaclass=C):
    x: int = 3
    def __init__(self, *a, k=f, **w): self.f = f
A().f("x")
