using System.Text.Json.Serialization;
using Platform.Credentials.Kinds;
using Platform.Credentials.Persistence;
using Platform.Credentials.Secrets;
using Platform.ServiceDefaults;

namespace Platform.Credentials.Endpoints;

/// <summary>Asks somebody for a secret: for a new credential with <c>name</c> and <c>type</c>, or for an existing one with <c>credentialId</c>.</summary>
internal sealed class SecretRequestInput
{
    public const int DefaultLifetimeMinutes = 24 * 60;

    private const int ShortestMinutes = 1;
    private const int LongestMinutes = 30 * 24 * 60;
    private const int MostNameCharacters = 180;

    /// <summary>The credential to change; then name, type, description, labels and fields are left out.</summary>
    public string? CredentialId { get; init; }

    /// <summary>Name of the new credential: 1 to 180 characters.</summary>
    public string? Name { get; init; }

    /// <summary>Type of the new credential, one of GET /api/credential-types.</summary>
    public string? Type { get; init; }

    public string? Description { get; init; }

    public Dictionary<string, string>? Labels { get; init; }

    /// <summary>Fields of the new credential that are known already; never secret ones.</summary>
    [JsonConverter(typeof(FieldTexts))]
    public Dictionary<string, string?>? Fields { get; init; }

    /// <summary>Names of the fields that the page asks for. Without it: of a new credential all that are not given, of an existing one the secret fields and those they belong to.</summary>
    public List<string>? Ask { get; init; }

    /// <summary>What the page tells whoever opens it; at most 2000 characters.</summary>
    public string? Note { get; init; }

    /// <summary>How long the link works: 1 minute to 30 days; a day unless given.</summary>
    public int? LifetimeMinutes { get; init; }

    /// <summary>Every problem; <paramref name="existing"/> is the credential that <see cref="CredentialId"/> names, and <paramref name="kind"/> that of the credential, null when unknown.</summary>
    public List<FieldProblem> Check(Credential? existing, CredentialKind? kind, string knownTypes)
    {
        var problems = new List<FieldProblem>();
        if (CredentialId is null)
        {
            problems.AddRange(new CredentialInput { Name = Name, Description = Description, Labels = Labels }.CheckNaming());
            if (Name is { Length: > MostNameCharacters and <= 200 })
            {
                problems.Add(new("$.name", $"At most {MostNameCharacters} characters are allowed; these are {Name.Length}."));
            }

            if (kind is null)
            {
                problems.Add(new("$.type", $"{(Type is null ? "Required" : $"There is no type '{Type}'")}: one of {knownTypes}."));
            }
        }
        else
        {
            if (existing is null)
            {
                problems.Add(new("$.credentialId", $"There is no credential '{CredentialId}'. GET /api/credentials lists the credentials."));
            }

            (string Name, bool Given)[] ofNewOnes = [("name", Name is not null), ("type", Type is not null), ("description", Description is not null), ("labels", Labels is not null), ("fields", Fields is not null)];
            problems.AddRange(ofNewOnes.Where(member => member.Given)
                .Select(member => new FieldProblem($"$.{member.Name}", "Belongs to a new credential; an existing one keeps its own. Leave it out, or leave credentialId out.")));
        }

        if (kind is not null)
        {
            CheckFields(kind, problems);
        }

        if (Note is { Length: > 2000 })
        {
            problems.Add(new("$.note", $"At most 2000 characters are allowed; these are {Note.Length}."));
        }
        else if (CredentialInput.CheckText(Note) is { } problem)
        {
            problems.Add(new("$.note", problem));
        }

        if (LifetimeMinutes is < ShortestMinutes or > LongestMinutes)
        {
            problems.Add(new("$.lifetimeMinutes", $"Must be from {ShortestMinutes} to {LongestMinutes} (30 days); {LifetimeMinutes} was given."));
        }

        return problems;
    }

    /// <summary>The fields the page asks for, in the order of the type.</summary>
    public string[] AskedOf(CredentialKind kind)
    {
        IEnumerable<string> wanted = Ask is not null ? Ask
            : CredentialId is null ? kind.Fields.Select(field => field.Name).Where(name => string.IsNullOrEmpty(Fields?.GetValueOrDefault(name)))
            : kind.Fields.Where(field => field.Secret).SelectMany(field => kind.SecretBelongsTo(field.Name).Append(field.Name));
        return [.. kind.Fields.Select(field => field.Name).Intersect(wanted)];
    }

    private void CheckFields(CredentialKind kind, List<FieldProblem> problems)
    {
        var given = CredentialFields.FromInput(kind, Fields);
        foreach (var name in given.Keys)
        {
            if (kind.Fields.FirstOrDefault(field => field.Name == name) is not { } field)
            {
                problems.Add(new(CredentialKind.PathOf(name), $"The type {kind.Name} has no such field; it has {string.Join(", ", kind.Fields.Select(known => known.Name))}."));
            }
            else if (field.Secret)
            {
                problems.Add(new($"$.fields.{name}", "Secret fields are what the page asks for; they are never given with the request."));
            }
            else if (field.Check(given[name]) is { } problem)
            {
                problems.Add(new($"$.fields.{name}", problem));
            }
        }

        var asked = AskedOf(kind);
        foreach (var unknown in (Ask ?? []).Where(name => kind.Fields.All(field => field.Name != name)))
        {
            problems.Add(new("$.ask", $"The type {kind.Name} has no field '{unknown}'; it has {string.Join(", ", kind.Fields.Select(field => field.Name))}."));
        }

        foreach (var both in asked.Where(given.ContainsKey))
        {
            problems.Add(new("$.ask", $"The field '{both}' is given and asked for; one of them is meant."));
        }

        if (asked.Length == 0)
        {
            problems.Add(new("$.ask", "There is nothing to ask for."));
        }

        foreach (var missing in CredentialId is null ? kind.Fields.Where(field => field.Required && !given.ContainsKey(field.Name) && !asked.Contains(field.Name)) : [])
        {
            problems.Add(new("$.ask", $"The field '{missing.Name}' is required, and neither given nor asked for."));
        }
    }
}

/// <summary>A request as it is shown.</summary>
internal sealed record SecretRequestView
{
    public required string Id { get; init; }

    public required SecretRequestState State { get; init; }

    /// <summary>The credential that is changed, or that there will be once the secret is received.</summary>
    public required string CredentialId { get; init; }

    /// <summary>True when a new credential is asked for.</summary>
    public required bool Creates { get; init; }

    public required string Name { get; init; }

    public required string Type { get; init; }

    public required IReadOnlyList<string> Ask { get; init; }

    public string? Note { get; init; }

    public required string RequestedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public DateTimeOffset? ReceivedAt { get; init; }

    public DateTimeOffset? WithdrawnAt { get; init; }

    /// <summary>The link to send, in the answer to its creation and never again.</summary>
    public string? Link { get; init; }

    public static SecretRequestView Of(SecretRequest request, DateTimeOffset now, string? link = null) => new()
    {
        Id = request.Id,
        State = request.StateAt(now),
        CredentialId = request.CredentialId,
        Creates = request.Creates,
        Name = request.Name,
        Type = request.Type,
        Ask = request.Asked,
        Note = request.Note,
        RequestedBy = request.RequestedBy,
        CreatedAt = request.CreatedAt,
        ExpiresAt = request.ExpiresAt,
        ReceivedAt = request.ReceivedAt,
        WithdrawnAt = request.WithdrawnAt,
        Link = link,
    };
}
