using System.Diagnostics.CodeAnalysis;

namespace Platform.Files;

/// <summary>Something chosen by its name in a definition: a format, a location, an encoding.</summary>
public interface IKind
{
    /// <summary>The name definitions use: lower case, stable for ever.</summary>
    string Name { get; }
}

/// <summary>
/// The kinds of one family, by name. Two of one name end the start-up; asking for an unknown one is an error that lists the known ones.
/// </summary>
/// <typeparam name="TKind">The family, for example <see cref="Formats.IFileFormat"/>.</typeparam>
public sealed class KindRegistry<TKind>
    where TKind : class, IKind
{
    private readonly Dictionary<string, TKind> _kinds = new(StringComparer.Ordinal);
    private readonly string _family;

    /// <summary>Registers <paramref name="kinds"/>; <paramref name="family"/> is what one of them is called in messages, for example <c>file format</c>.</summary>
    /// <exception cref="InvalidOperationException">Two kinds have the same name.</exception>
    public KindRegistry(string family, IEnumerable<TKind> kinds)
    {
        _family = family;
        foreach (var kind in kinds)
        {
            if (!_kinds.TryAdd(kind.Name, kind))
            {
                throw new InvalidOperationException($"Two {family}s are named '{kind.Name}': {_kinds[kind.Name].GetType().Name} and {kind.GetType().Name}.");
            }
        }

        Names = [.. _kinds.Keys.Order(StringComparer.Ordinal)];
    }

    /// <summary>The known names, sorted.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Every kind, in order of name.</summary>
    public IEnumerable<TKind> All => Names.Select(name => _kinds[name]);

    /// <summary>The kind named <paramref name="name"/>.</summary>
    /// <exception cref="UnknownKindException">There is none.</exception>
    public TKind Get(string name) =>
        TryGet(name, out var kind) ? kind : throw new UnknownKindException(_family, name, Names);

    /// <summary>Looks <paramref name="name"/> up without complaint.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out TKind? kind) => _kinds.TryGetValue(name, out kind);
}

/// <summary>A definition names a kind that does not exist; the message lists those that do.</summary>
public sealed class UnknownKindException(string family, string name, IReadOnlyList<string> known)
    : Exception($"Unknown {family} '{name}'. Known: {string.Join(", ", known)}.")
{
    /// <summary>The name that was asked for.</summary>
    public string Name { get; } = name;

    /// <summary>The names that exist, sorted.</summary>
    public IReadOnlyList<string> Known { get; } = known;
}
