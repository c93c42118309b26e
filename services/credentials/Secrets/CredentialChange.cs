using Platform.Credentials.Kinds;
using Platform.Credentials.Persistence;
using Platform.ServiceDefaults;

namespace Platform.Credentials.Secrets;

/// <summary>What a change of a credential's fields amounts to, worked out before anything is touched.</summary>
internal sealed class CredentialChange
{
    private readonly Dictionary<string, string> _plain;
    private readonly Dictionary<string, string> _secret;

    private CredentialChange(Dictionary<string, string> plain, Dictionary<string, string> secret, List<string> changed, List<FieldProblem> problems)
    {
        _plain = plain;
        _secret = secret;
        Changed = changed;
        Problems = problems;
    }

    /// <summary>Names of the fields that get another value. An entered secret counts as changed: telling whether it is the old one would be an answer about it.</summary>
    public IReadOnlyList<string> Changed { get; }

    public IReadOnlyList<FieldProblem> Problems { get; }

    /// <summary>
    /// Secret fields that <paramref name="input"/> leaves out keep their value. The stored secret is opened only when one of them is kept and something changes, so that a secret
    /// which cannot be opened any more can still be replaced. Throws <see cref="SecretUnreadableException"/>.
    /// </summary>
    public static CredentialChange From(Credential credential, CredentialKind kind, IReadOnlyDictionary<string, string?> input, SecretVault vault)
    {
        var entered = CredentialFields.FromInput(kind, input);
        var kept = credential.Secret.SetFields.Where(name => !input.ContainsKey(name)).ToList();
        var changed = kind.Fields.Where(field => field.Secret
            ? entered.ContainsKey(field.Name) || (input.ContainsKey(field.Name) && credential.Secret.SetFields.Contains(field.Name))
            : entered.GetValueOrDefault(field.Name) != credential.Fields.GetValueOrDefault(field.Name)).Select(field => field.Name).ToList();
        var problems = new List<FieldProblem>();
        foreach (var name in kept)
        {
            if (kind.SecretBelongsTo(name).FirstOrDefault(changed.Contains) is { } owner)
            {
                problems.Add(new($"$.fields.{name}", $"Required, because {owner} changes and the stored value belongs to the old one. Enter it again, or null to remove it."));
            }
        }

        var complete = new Dictionary<string, string>(entered);
        if (kept.Count > 0 && changed.Count > 0)
        {
            var stored = vault.Open(credential.Secret, credential.Type);
            foreach (var name in kept)
            {
                complete.Add(name, stored[name]);
            }

            problems.AddRange(kind.Validate(complete));
        }
        else if (kept.Count > 0)
        {
            problems.AddRange(UnknownOnly(kind, entered));
        }
        else
        {
            problems.AddRange(kind.Validate(complete));
        }

        var (plain, secret) = CredentialFields.Split(kind, complete);
        return new(plain, secret, changed, problems);
    }

    /// <summary>Makes the change a new version, sealed anew.</summary>
    public void Apply(Credential credential, SecretVault vault, DateTimeOffset now)
    {
        credential.Version++;
        credential.RotatedAt = now;
        credential.Fields = _plain;
        var renewed = vault.Seal(credential.Id, credential.Type, credential.Version, _secret);
        credential.Secret.Version = renewed.Version;
        credential.Secret.SetFields = renewed.SetFields;
        credential.Secret.Payload = renewed.Payload;
        credential.Secret.WrappedKey = renewed.WrappedKey;
        credential.Secret.MasterGeneration = renewed.MasterGeneration;
    }

    // Nothing changes, so the stored fields are still the valid ones; what was entered beside them can only be unknown.
    private static IEnumerable<FieldProblem> UnknownOnly(CredentialKind kind, Dictionary<string, string> entered) =>
        kind.Validate(entered).Where(problem => kind.Fields.All(field => problem.Path != $"$.fields.{field.Name}"));
}
