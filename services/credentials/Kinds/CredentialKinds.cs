using System.Diagnostics.CodeAnalysis;

namespace Platform.Credentials.Kinds;

/// <summary>The credential types by name. Two of one name stop the start.</summary>
internal sealed class CredentialKinds
{
    private readonly SortedDictionary<string, CredentialKind> _kinds = new(StringComparer.Ordinal);

    public CredentialKinds(IEnumerable<CredentialKind> kinds)
    {
        foreach (var kind in kinds)
        {
            if (!_kinds.TryAdd(kind.Name, kind))
            {
                throw new InvalidOperationException($"Two credential types are named '{kind.Name}': {_kinds[kind.Name].GetType().Name} and {kind.GetType().Name}.");
            }
        }
    }

    public IEnumerable<CredentialKind> All => _kinds.Values;

    public string KnownNames => string.Join(", ", _kinds.Keys);

    public bool TryGet(string name, [MaybeNullWhen(false)] out CredentialKind kind) => _kinds.TryGetValue(name, out kind);

    /// <summary>The kind of a stored credential; it was checked when it was stored.</summary>
    public CredentialKind Get(string name) => _kinds.TryGetValue(name, out var kind)
        ? kind
        : throw new InvalidOperationException($"A stored credential has the type '{name}', which this version does not have. Known are {KnownNames}.");
}
