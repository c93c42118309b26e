using Platform.Gateway;
using Platform.Gateway.Access;
using Platform.Gateway.Persistence;
using Platform.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddHostDefaults("gateway");
builder.AddGateway();

var app = builder.Build();
if (args is ["create-key", ..])
{
    return await CreateKeyCommand.RunAsync(app.Services, args[1..]);
}

if (args is not ["migrate", ..])
{
    // Reads routes and documents, which the migration job need not have.
    app.MapGateway();
}

await app.RunServiceAsync<GatewayDbContext>(args);
return 0;
