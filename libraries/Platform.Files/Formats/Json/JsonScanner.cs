using System.Buffers;
using System.Runtime.CompilerServices;
using Platform.Files.Formats.Records;

namespace Platform.Files.Formats.Json;

/// <summary>What reading a value gave.</summary>
internal enum JsonOutcome
{
    /// <summary>The value ends before <see cref="JsonScanner.At"/>.</summary>
    Value,

    /// <summary>The bytes end before the value does.</summary>
    Incomplete,

    /// <summary>At <see cref="JsonScanner.At"/> stands what <see cref="JsonScanner.Expected"/> says it should not.</summary>
    Fault,
}

/// <summary>
/// Strict JSON (RFC 8259): proves that a value is one and finds its end, without recursion, values or doubles. The members of the outermost object are noted. The bytes
/// are valid UTF-8.
/// </summary>
internal sealed unsafe class JsonScanner
{
    /// <summary>The most objects and arrays inside each other, as PostgreSQL-bound values everywhere here.</summary>
    public const int MaxDepth = 512;

    private static readonly SearchValues<byte> EndsText = SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(i => (byte)i), (byte)'"', (byte)'\\']);

    private readonly bool[] _isObject = new bool[MaxDepth];
    private byte* _bytes;
    private int _length;
    private bool _atEnd;
    private int _keyStart;
    private int _keyEnd;
    private int _valueStart;

    /// <summary>Members of the last value, if it was an object.</summary>
    public JsonMember[] Members { get; private set; } = new JsonMember[64];

    /// <summary>How many there are.</summary>
    public int MemberCount { get; private set; }

    /// <summary>Behind what was read, or where the fault is.</summary>
    public int At { get; private set; }

    /// <summary>What was expected there.</summary>
    public string Expected { get; private set; } = "";

    /// <summary>What kind of value it was.</summary>
    public CellKind Kind { get; private set; }

    public void Over(byte* bytes, int length, bool atEnd)
    {
        _bytes = bytes;
        (_length, _atEnd) = (length, atEnd);
    }

    /// <summary>The first byte from <paramref name="at"/> on that is no blank; the length if there is none.</summary>
    public int SkipBlanks(int at)
    {
        while (at < _length && _bytes[at] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
        {
            at++;
        }

        return at;
    }

    /// <summary>Reads the value that begins at <paramref name="at"/>, where no blank stands.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public JsonOutcome Read(int at)
    {
        var depth = 0;
        var first = true;
        MemberCount = 0;
        Kind = KindOf(_bytes[at]);
        while (true)
        {
            // At a value.
            if (at >= _length)
            {
                return Short(at, "a value");
            }

            if (depth == 1)
            {
                _valueStart = at;
            }

            var kind = KindOf(_bytes[at]);
            if (kind == CellKind.Nested)
            {
                if (depth == MaxDepth)
                {
                    return Fault(at, $"at most {MaxDepth} objects and arrays inside each other");
                }

                var opens = _bytes[at] == '{';
                _isObject[depth++] = opens;
                at = SkipBlanks(at + 1);
                if (at >= _length)
                {
                    return Short(at, "a value or the end of what was opened");
                }

                if (_bytes[at] == (opens ? (byte)'}' : (byte)']'))
                {
                    depth--;
                    at++;
                }
                else if (opens)
                {
                    if (Key(ref at, depth) is var key && key != JsonOutcome.Value)
                    {
                        return key;
                    }

                    first = false;
                    continue;
                }
                else
                {
                    continue;
                }
            }
            else if (Scalar(ref at, kind) is var scalar && scalar != JsonOutcome.Value)
            {
                return scalar;
            }

            // Behind a value: what was opened ends, or goes on.
            while (true)
            {
                if (depth == 0)
                {
                    At = at;
                    return JsonOutcome.Value;
                }

                if (depth == 1 && _isObject[0] && !first)
                {
                    Note(at);
                }

                at = SkipBlanks(at);
                if (at >= _length)
                {
                    return Short(at, "a comma or the end of what was opened");
                }

                var isObject = _isObject[depth - 1];
                var found = _bytes[at];
                if (found == (isObject ? (byte)'}' : (byte)']'))
                {
                    depth--;
                    at++;
                    continue;
                }

                if (found != ',')
                {
                    return Fault(at, isObject ? "a comma or a closing brace" : "a comma or a closing bracket");
                }

                at = SkipBlanks(at + 1);
                if (isObject && Key(ref at, depth) is var next && next != JsonOutcome.Value)
                {
                    return next;
                }

                break;
            }
        }
    }

    private static CellKind KindOf(byte first) => first switch
    {
        (byte)'{' or (byte)'[' => CellKind.Nested,
        (byte)'"' => CellKind.String,
        (byte)'t' or (byte)'f' => CellKind.Boolean,
        (byte)'n' => CellKind.Null,
        _ => CellKind.Number,
    };

    private void Note(int end)
    {
        if (MemberCount == Members.Length)
        {
            var more = Members;
            Array.Resize(ref more, MemberCount * 2);
            Members = more;
        }

        Members[MemberCount++] = new JsonMember(_keyStart, _keyEnd, _valueStart, end);
    }

    private JsonOutcome Key(ref int at, int depth)
    {
        if (at >= _length)
        {
            return Short(at, "a name in quotes");
        }

        if (_bytes[at] != '"')
        {
            return Fault(at, "a name in quotes");
        }

        var start = at + 1;
        if (Text(ref at) is var text && text != JsonOutcome.Value)
        {
            return text;
        }

        if (depth == 1)
        {
            (_keyStart, _keyEnd) = (start, at - 1);
        }

        at = SkipBlanks(at);
        if (at >= _length)
        {
            return Short(at, "a colon");
        }

        if (_bytes[at] != ':')
        {
            return Fault(at, "a colon");
        }

        at = SkipBlanks(at + 1);
        return JsonOutcome.Value;
    }

    private JsonOutcome Scalar(ref int at, CellKind kind) => kind switch
    {
        CellKind.String => Text(ref at),
        CellKind.Number => Number(ref at),
        CellKind.Null => Word(ref at, "null"u8),
        _ => Word(ref at, _bytes[at] == 't' ? "true"u8 : "false"u8),
    };

    private JsonOutcome Text(ref int at)
    {
        at++;
        while (true)
        {
            var plain = new ReadOnlySpan<byte>(_bytes + at, _length - at).IndexOfAny(EndsText);
            if (plain < 0)
            {
                return Short(_length, "the closing quote of a text");
            }

            at += plain;
            switch (_bytes[at])
            {
                case (byte)'"':
                    at++;
                    return JsonOutcome.Value;
                case (byte)'\\':
                    if (Escape(ref at) is var escape && escape != JsonOutcome.Value)
                    {
                        return escape;
                    }

                    break;
                default:
                    return Fault(at, "control characters in a text to be escaped");
            }
        }
    }

    private JsonOutcome Escape(ref int at)
    {
        if (at + 1 >= _length)
        {
            return Short(at, "an escaped character");
        }

        var escaped = _bytes[at + 1];
        if (escaped != 'u')
        {
            if ("\"\\/bfnrt"u8.Contains(escaped))
            {
                at += 2;
                return JsonOutcome.Value;
            }

            return Fault(at, @"one of "" \ / b f n r t u behind the backslash");
        }

        for (var i = at + 2; i < at + 6; i++)
        {
            if (i >= _length)
            {
                return Short(at, @"four hexadecimal digits behind \u");
            }

            if (!char.IsAsciiHexDigit((char)_bytes[i]))
            {
                return Fault(at, @"four hexadecimal digits behind \u");
            }
        }

        at += 6;
        return JsonOutcome.Value;
    }

    private JsonOutcome Number(ref int at)
    {
        var start = at;
        at += _bytes[at] == '-' ? 1 : 0;
        if (at < _length && _bytes[at] == '0')
        {
            at++;
        }
        else if (Digits(ref at) is var whole && whole != JsonOutcome.Value)
        {
            return whole;
        }

        if (at < _length && _bytes[at] == '.')
        {
            at++;
            if (Digits(ref at) is var fraction && fraction != JsonOutcome.Value)
            {
                return fraction;
            }
        }

        if (at < _length && _bytes[at] is (byte)'e' or (byte)'E')
        {
            at++;
            at += at < _length && _bytes[at] is (byte)'+' or (byte)'-' ? 1 : 0;
            if (Digits(ref at) is var exponent && exponent != JsonOutcome.Value)
            {
                return exponent;
            }
        }

        // At the end of the bytes more digits may follow.
        return at < _length || _atEnd ? JsonOutcome.Value : Short(start, "a number");
    }

    private JsonOutcome Digits(ref int at)
    {
        var start = at;
        while (at < _length && _bytes[at] is >= (byte)'0' and <= (byte)'9')
        {
            at++;
        }

        return at > start ? JsonOutcome.Value : at >= _length ? Short(at, "a digit") : Fault(at, "a value, or a digit of a number");
    }

    private JsonOutcome Word(ref int at, ReadOnlySpan<byte> word)
    {
        var here = new ReadOnlySpan<byte>(_bytes + at, Math.Min(word.Length, _length - at));
        if (!word.StartsWith(here))
        {
            return Fault(at, "a value: an object, an array, a text in quotes, a number, true, false or null");
        }

        if (here.Length < word.Length)
        {
            return Short(at, "a value");
        }

        at += word.Length;
        return JsonOutcome.Value;
    }

    private JsonOutcome Short(int at, string expected)
    {
        if (!_atEnd)
        {
            return JsonOutcome.Incomplete;
        }

        (At, Expected) = (Math.Min(at, _length), expected);
        return JsonOutcome.Fault;
    }

    private JsonOutcome Fault(int at, string expected)
    {
        (At, Expected) = (at, expected);
        return JsonOutcome.Fault;
    }
}

/// <summary>Where a member of an object stands: its name without quotes, and its value.</summary>
internal readonly record struct JsonMember(int KeyStart, int KeyEnd, int Start, int End);
