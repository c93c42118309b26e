using System.Text;
using System.Text.Json;

namespace Platform.OptimizelyBrevo.Decisions;

/// <summary>
/// The user decisions are made for. Made once per worker and filled again for each user, so that deciding a million users allocates nothing. Not for use by two threads.
/// </summary>
internal sealed class DecisionUser(Project project)
{
    public const string BucketingIdAttribute = "$opt_bucketing_id";

    /// <summary>The attribute that holds what was decided for the user before, by experiment id: <c>{"EXPERIMENT": {"variation_id": "VARIATION"}}</c>.</summary>
    public const string StickyAttribute = "$opt_experiment_bucket_map";

    private readonly AttributeValue[] _attributes = new AttributeValue[project.Slots.Count];
    private byte[] _bucketingKey = new byte[128];
    private int _bucketingIdLength;
    private Dictionary<(string Flag, string? Rule), string>? _forced;
    private Dictionary<string, Variation>? _sticky;

    public Project Project { get; } = project;

    public string Id { get; private set; } = "";

    /// <summary>Segments of Optimizely's data platform; null when unknown.</summary>
    public IReadOnlySet<string>? Segments { get; set; }

    /// <summary>When set, each decision explains itself here, without the user's id or values (O10).</summary>
    public List<string>? Reasons { get; set; }

    /// <summary>Starts the next user; attributes, segments, forced and sticky decisions of the one before are gone.</summary>
    public void Begin(string id)
    {
        Id = id;
        Array.Clear(_attributes);
        Segments = null;
        _forced?.Clear();
        _sticky?.Clear();
        SetBucketingId(id);
    }

    /// <summary>Sets an attribute. One that no condition reads is of no consequence.</summary>
    public void Set(string name, AttributeValue value)
    {
        if (Project.Slots.TryGetValue(name, out var slot))
        {
            _attributes[slot] = value;
        }

        if (value.Kind == AttributeKind.Text && name == BucketingIdAttribute)
        {
            SetBucketingId(value.Text!);
        }
    }

    /// <summary>Forces a variation of a flag, or of one rule of it, for this user; an unknown variation is ignored, as the SDKs do.</summary>
    public void Force(string flagKey, string? ruleKey, string variationKey) => (_forced ??= [])[(flagKey, ruleKey)] = variationKey;

    /// <summary>Keeps the user in the variations of the <see cref="StickyAttribute"/>. Experiments and variations that the datafile does not have, and values of another form, are ignored, as the SDKs do.</summary>
    public void Stick(JsonElement variationsByExperiment)
    {
        foreach (var experiment in variationsByExperiment.ValueKind == JsonValueKind.Object ? variationsByExperiment.EnumerateObject() : default)
        {
            if (experiment.Value.ValueKind == JsonValueKind.Object && experiment.Value.TryGetProperty("variation_id", out var id) && id.ValueKind is JsonValueKind.String or JsonValueKind.Number
                && Project.VariationsById.TryGetValue(id.ToString(), out var variation))
            {
                (_sticky ??= new(StringComparer.Ordinal))[experiment.Name] = variation;
            }
        }
    }

    internal Variation? StickyVariation(Experiment experiment) => _sticky is { Count: > 0 } ? _sticky.GetValueOrDefault(experiment.Id) : null;

    internal ref readonly AttributeValue Attribute(int slot) => ref _attributes[slot];

    internal Variation? ForcedVariation(Flag flag, string? ruleKey) =>
        _forced is { Count: > 0 } && _forced.TryGetValue((flag.Key, ruleKey), out var variationKey) ? flag.VariationsByKey.GetValueOrDefault(variationKey) : null;

    /// <summary>0 to 9999, by the bucketing id followed by the id of what is bucketed into.</summary>
    internal int BucketValue(byte[] parentId)
    {
        var length = _bucketingIdLength + parentId.Length;
        if (length > _bucketingKey.Length)
        {
            Array.Resize(ref _bucketingKey, length * 2);
        }

        parentId.CopyTo(_bucketingKey.AsSpan(_bucketingIdLength));
        return MurmurHash3.BucketValue(_bucketingKey.AsSpan(0, length));
    }

    private void SetBucketingId(string bucketingId)
    {
        var most = Encoding.UTF8.GetMaxByteCount(bucketingId.Length);
        if (most > _bucketingKey.Length)
        {
            _bucketingKey = new byte[most * 2];
        }

        _bucketingIdLength = Encoding.UTF8.GetBytes(bucketingId, _bucketingKey);
    }
}
