using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using Amazon.Runtime;
using Amazon.SecurityToken;
using Amazon.SecurityToken.Model;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Platform.Testing.Servers;

namespace Platform.Couriers.Tests.Sources;

/// <summary>
/// What no S3 server for tests does: a token service that insists on an external id and gives keys for as long as the test wants, and a bucket of very many keys. Everything else goes to the real server, which checks
/// the signatures.
/// </summary>
internal sealed class S3StandIn : IAsyncDisposable
{
    public const string ManyKeys = "many-keys";
    private const int PageSize = 1000;

    private readonly WebApplication _app;
    private readonly S3Server _s3;
    private readonly HttpClient _real;
    private int _listed;

    private S3StandIn(WebApplication app, S3Server s3)
    {
        _app = app;
        _s3 = s3;
        _real = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new(s3.Endpoint) };
    }

    public string Address => _app.Urls.Single();

    public string ExternalId { get; init; } = $"ext-{Guid.CreateVersion7():n}";

    /// <summary>How long the keys are said to last.</summary>
    public TimeSpan Lasting { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long each answer to a listing takes.</summary>
    public TimeSpan Listing { get; set; }

    /// <summary>Access keys given out, in no order.</summary>
    public ConcurrentDictionary<string, bool> Given { get; } = new();

    /// <summary>Access keys that asked for objects or listings.</summary>
    public ConcurrentDictionary<string, bool> Used { get; } = new();

    /// <summary>Keys in the bucket <see cref="ManyKeys"/>, each of which begins with <c>in/</c>.</summary>
    public int Keys { get; set; }

    /// <summary>Pages listed of it.</summary>
    public int Listed => _listed;

    public static async Task<S3StandIn> StartAsync(S3Server s3)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var standIn = new S3StandIn(app, s3);
        app.Run(standIn.AnswerAsync);
        await app.StartAsync();
        return standIn;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _real.Dispose();
    }

    private Task AnswerAsync(HttpContext http) => http.Request switch
    {
        { Method: "POST", Path.Value: "/" } => AssumeRoleAsync(http),
        { Method: "GET" } request when request.Path.StartsWithSegments($"/{ManyKeys}") => request.Query.ContainsKey("list-type") ? ListAsync(http) : http.Response.WriteAsync("id\n1\n"),
        _ => ForwardAsync(http),
    };

    // The shape AWS publishes for AssumeRole.
    private async Task AssumeRoleAsync(HttpContext http)
    {
        var form = await http.Request.ReadFormAsync();
        http.Response.ContentType = "text/xml";
        if (form["Action"] != "AssumeRole" || form["ExternalId"] != ExternalId)
        {
            http.Response.StatusCode = (int)HttpStatusCode.Forbidden;
            await http.Response.WriteAsync("""
                <ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform: sts:AssumeRole</Message></Error><RequestId>1</RequestId></ErrorResponse>
                """);
            return;
        }

        using var sts = new AmazonSecurityTokenServiceClient(new BasicAWSCredentials(_s3.AccessKey, _s3.SecretKey), new AmazonSecurityTokenServiceConfig { ServiceURL = _s3.Endpoint, AuthenticationRegion = S3Server.Region });
        var keys = (await sts.AssumeRoleAsync(new AssumeRoleRequest { RoleArn = form["RoleArn"], RoleSessionName = form["RoleSessionName"] })).Credentials;
        Given[keys.AccessKeyId] = true;
        var expires = (TimeProvider.System.GetUtcNow() + Lasting).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        await http.Response.WriteAsync($"""
            <AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
              <AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/S3Access/courier-platform</Arn><AssumedRoleId>A:courier-platform</AssumedRoleId></AssumedRoleUser>
              <Credentials><AccessKeyId>{keys.AccessKeyId}</AccessKeyId><SecretAccessKey>{WebUtility.HtmlEncode(keys.SecretAccessKey)}</SecretAccessKey><SessionToken>{WebUtility.HtmlEncode(keys.SessionToken)}</SessionToken><Expiration>{expires}</Expiration></Credentials>
            </AssumeRoleResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></AssumeRoleResponse>
            """);
    }

    private async Task ListAsync(HttpContext http)
    {
        Interlocked.Increment(ref _listed);
        var start = int.Parse(http.Request.Query["continuation-token"].FirstOrDefault() ?? "0", CultureInfo.InvariantCulture);
        var end = Math.Min(Keys, start + PageSize);
        var page = new StringBuilder($"<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>{ManyKeys}</Name><Prefix>in/</Prefix><MaxKeys>{PageSize}</MaxKeys>");
        page.Append(CultureInfo.InvariantCulture, $"<KeyCount>{end - start}</KeyCount><IsTruncated>{(end < Keys ? "true" : "false")}</IsTruncated>");
        _ = end < Keys ? page.Append(CultureInfo.InvariantCulture, $"<NextContinuationToken>{end}</NextContinuationToken>") : page;
        for (var i = start; i < end; i++)
        {
            var day = new DateOnly(2000, 1, 1).AddDays(i / 10);
            page.Append(CultureInfo.InvariantCulture, $"<Contents><Key>in/{i:0000000}-{day:yyyy-MM-dd}.csv</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>\"{i:x32}\"</ETag><Size>5</Size><StorageClass>STANDARD</StorageClass></Contents>");
        }

        http.Response.ContentType = "application/xml";
        await http.Response.WriteAsync(page.Append("</ListBucketResult>").ToString());
    }

    // The signature covers the host as the client named it.
    private async Task ForwardAsync(HttpContext http)
    {
        if (http.Request.Headers.Authorization.ToString() is var signed && signed.IndexOf("Credential=", StringComparison.Ordinal) is var at and >= 0)
        {
            Used[signed[(at + "Credential=".Length)..].Split('/')[0]] = true;
        }

        if (Listing > TimeSpan.Zero && http.Request.Query.ContainsKey("list-type"))
        {
            await Task.Delay(Listing, http.RequestAborted);
        }

        using var request = new HttpRequestMessage(new(http.Request.Method), new Uri(_s3.Endpoint + http.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget));
        foreach (var header in http.Request.Headers)
        {
            request.Headers.TryAddWithoutValidation(header.Key, header.Value.ToArray());
        }

        using var answer = await _real.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, http.RequestAborted);
        http.Response.StatusCode = (int)answer.StatusCode;
        foreach (var header in answer.Headers.Concat(answer.Content.Headers).Where(header => header.Key is not ("Transfer-Encoding" or "Connection")))
        {
            http.Response.Headers[header.Key] = header.Value.ToArray();
        }

        await answer.Content.CopyToAsync(http.Response.Body, http.RequestAborted);
    }
}
