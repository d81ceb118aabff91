package expression

var numberFunctions = map[string]function{
	"abs":   sameNumber("abs"),
	"ceil":  rounding("ceil"),
	"floor": rounding("floor"),
	"round": {min: 1, max: 2, compile: round},
	"mod":   {min: 2, max: 2, compile: mod},
	"exp": {min: 1, max: 1, compile: func(_ *compiler, call *Call, args []Value) (Value, error) {
		x, err := want(call, args, 0, Decimal)
		return Value{SQL: finite("exp(" + x + ")"), Type: Decimal}, err
	}},
	"ln":   simple(Decimal, "CASE WHEN $1 > 0 THEN ln($1) END", Decimal),
	"log":  simple(Decimal, "CASE WHEN $1 > 0 THEN log10($1) END", Decimal),
	"sqrt": simple(Decimal, "CASE WHEN $1 >= 0 THEN sqrt($1) END", Decimal),
}

// sameNumber is a function that keeps its argument's type.
func sameNumber(name string) function {
	return function{min: 1, max: 1, compile: func(_ *compiler, call *Call, args []Value) (Value, error) {
		x, err := wantNumber(call, args, 0)
		return Value{SQL: name + "(" + x.SQL + ")", Type: x.Type}, err
	}}
}

// rounding gives a whole number, or NULL when it leaves 64 bits.
func rounding(name string) function {
	return function{min: 1, max: 1, compile: func(_ *compiler, call *Call, args []Value) (Value, error) {
		x, err := wantNumber(call, args, 0)
		if err != nil || x.Type == Integer {
			return x, err
		}
		return Value{SQL: "TRY_CAST(" + name + "(" + x.SQL + ") AS BIGINT)", Type: Integer}, nil
	}}
}

func round(_ *compiler, call *Call, args []Value) (Value, error) {
	x, err := want(call, args, 0, Decimal)
	if err != nil {
		return Value{}, err
	}
	if len(args) == 1 {
		return Value{SQL: "round(" + x + ")", Type: Decimal}, nil
	}
	n, err := want(call, args, 1, Integer)
	if err != nil {
		return Value{}, err
	}
	return Value{SQL: "round(" + x + ", CAST(" + n + " AS INTEGER))", Type: Decimal}, nil
}

func mod(_ *compiler, call *Call, args []Value) (Value, error) {
	a, err := wantNumber(call, args, 0)
	if err != nil {
		return Value{}, err
	}
	b, err := wantNumber(call, args, 1)
	if err != nil {
		return Value{}, err
	}
	t := Integer
	if a.Type == Decimal || b.Type == Decimal {
		t = Decimal
	}
	return Value{SQL: "mod(" + a.As(t) + ", " + b.As(t) + ")", Type: t}, nil
}
