<#
.SYNOPSIS
Registers an exchange account, so that its trades are collected.

.DESCRIPTION
With -Secure the account is registered with the enclave: the enclave proves itself first, and the keys are encrypted so
that nothing but this enclave can open them. The work is done by the command line of this project
(`aggregator register-user`), which needs its packages: run ./aggregator once, or npm ci. It gets the keys on standard
input, never as arguments.

Without -Secure the keys are sent to the service as they are. Services refuse that unless they were told to take it
(ALLOW_PLAINTEXT_REGISTRATION=true).

Leave out -ApiKey and -Secret to be asked for them unseen: what is typed in a command stays in its history.

.PARAMETER UserId
Your own name for the account: 1 to 64 characters of ASCII without white space.

.PARAMETER Exchange
Id of the exchange, for example binance, bybit or kraken.

.PARAMETER ApiKey
The API key: at least 10 characters. Use a key that can only read.

.PARAMETER Secret
The secret of the API key: at least 10 characters.

.PARAMETER AccountType
What is polled: spot (the default), margin or futures.

.PARAMETER Sandbox
The key is of the exchange's sandbox.

.PARAMETER ServiceUrl
Address of the service.

.PARAMETER Secure
Registers with the enclave.

.PARAMETER EnclaveUrl
Address of the enclave. Without it, that of -ServiceUrl with port 5000 made 3000; any other port is kept.

.PARAMETER Ttl
Seconds until the session ends.

.PARAMETER Label
A name for pages and lists.

.PARAMETER Password
The password of the API key, for exchanges that have one.

.PARAMETER ExpectedPcr0
Nitro: the allowed values of PCR0, with commas between. PCR1 and PCR2 are needed too.

.PARAMETER AllowUnattested
Registers with an enclave on no trusted hardware too, although its operator can read the keys.

.EXAMPLE
./register-user.ps1 -Secure -AllowUnattested -UserId me -Exchange binance
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)]
    [ValidatePattern('^[!-~]{1,64}$')]
    [string]$UserId,

    [Parameter(Mandatory = $true)]
    [ValidatePattern('^[a-z0-9_]{1,32}$')]
    [string]$Exchange,

    [string]$ApiKey,

    [string]$Secret,

    [ValidateSet('spot', 'margin', 'futures')]
    [string]$AccountType = 'spot',

    [switch]$Sandbox,

    [string]$ServiceUrl = 'http://127.0.0.1:5000',

    [switch]$Secure,

    [string]$EnclaveUrl,

    [ValidateRange(300, 604800)]
    [int]$Ttl = 86400,

    # Windows PowerShell 5.1 passes neither quotes nor a backslash at the end to a program as they are.
    [ValidatePattern('^[^"\\]*$')]
    [string]$Label,

    [string]$Password,

    [string]$ExpectedPcr0,

    [string]$ExpectedPcr1,

    [string]$ExpectedPcr2,

    [string]$ExpectedMeasurement,

    [string]$MinTcb,

    [switch]$AllowUnattested
)

$ErrorActionPreference = 'Stop'
# PowerShell 7.4 could make an exit code an exception; here it becomes the exit code of this script.
$PSNativeCommandUseErrorActionPreference = $false

function Stop-WithSentence([string]$Sentence, [int]$Code) {
    [Console]::Error.WriteLine($Sentence)
    exit $Code
}

function Read-Unseen([string]$Question) {
    $hidden = Read-Host -Prompt $Question -AsSecureString
    $pointer = [Runtime.InteropServices.Marshal]::SecureStringToBSTR($hidden)
    try {
        return [Runtime.InteropServices.Marshal]::PtrToStringBSTR($pointer)
    }
    finally {
        [Runtime.InteropServices.Marshal]::ZeroFreeBSTR($pointer)
    }
}

# The Node that the packages brought, else the one of this machine.
function Find-Node {
    $isWindowsHere = [Environment]::OSVersion.Platform -eq [PlatformID]::Win32NT
    $name = if ($isWindowsHere) { 'node.exe' } else { 'node' }
    $own = Join-Path $PSScriptRoot "node_modules/node/bin/$name"
    if (Test-Path -LiteralPath $own) { return $own }
    $found = Get-Command $name -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1
    if ($null -eq $found) {
        Stop-WithSentence 'No Node was found: run ./aggregator once, or npm ci, or install Node 24.' 1
    }
    return $found.Source
}

function Register-Securely {
    $main = Join-Path $PSScriptRoot 'src/main.ts'
    $arguments = @(
        $main
        'register-user'
        '--secrets-stdin'
        "--user=$UserId"
        "--exchange=$Exchange"
        "--account-type=$AccountType"
        "--ttl=$Ttl"
    )
    # The command line makes port 5000 of the service 3000.
    if ($EnclaveUrl) { $arguments += "--enclave-url=$EnclaveUrl" } else { $arguments += "--service-url=$ServiceUrl" }
    if ($Sandbox) { $arguments += '--sandbox' }
    if ($Label) { $arguments += "--label=$Label" }
    if ($ExpectedPcr0) { $arguments += "--expected-pcr0=$ExpectedPcr0" }
    if ($ExpectedPcr1) { $arguments += "--expected-pcr1=$ExpectedPcr1" }
    if ($ExpectedPcr2) { $arguments += "--expected-pcr2=$ExpectedPcr2" }
    if ($ExpectedMeasurement) { $arguments += "--expected-measurement=$ExpectedMeasurement" }
    if ($MinTcb) { $arguments += "--min-tcb=$MinTcb" }
    if ($AllowUnattested) { $arguments += '--allow-unattested' }

    $secrets = @{ apiKey = $ApiKey; secret = $Secret }
    if ($Password) { $secrets.password = $Password }
    $node = Find-Node
    # Without this Windows PowerShell 5.1 would send ASCII.
    $OutputEncoding = New-Object System.Text.UTF8Encoding $false
    ConvertTo-Json -InputObject $secrets -Compress | & $node $arguments
    exit $LASTEXITCODE
}

function Register-InPlainText {
    Write-Warning ('The keys are sent unencrypted: the service, and whoever carries the traffic, can read them. ' +
        'Register with -Secure, and revoke a key that was sent like this.')
    $registration = @{
        userId      = $UserId
        exchange    = $Exchange
        apiKey      = $ApiKey
        secret      = $Secret
        accountType = $AccountType
        # A switch by itself would become {"IsPresent": true}.
        sandbox     = $Sandbox.IsPresent
    }
    $request = @{
        Method             = 'Post'
        Uri                = $ServiceUrl.TrimEnd('/') + '/users'
        ContentType        = 'application/json; charset=utf-8'
        # Bytes, because Windows PowerShell 5.1 would send a text as Latin-1.
        Body               = [Text.Encoding]::UTF8.GetBytes((ConvertTo-Json -InputObject $registration -Compress))
        MaximumRedirection = 0
        TimeoutSec         = 120
    }
    try {
        $answer = Invoke-RestMethod @request
    }
    catch {
        $reason = $_.Exception.Message
        if ($null -ne $_.ErrorDetails -and $_.ErrorDetails.Message) { $reason = $_.ErrorDetails.Message }
        Stop-WithSentence "The service did not register the account: $reason" 1
    }
    Write-Output $answer.message
}

# A parameter that only the enclave knows would be lost without a word.
$secureOnly = @('EnclaveUrl', 'Ttl', 'Label', 'Password', 'ExpectedPcr0', 'ExpectedPcr1', 'ExpectedPcr2',
    'ExpectedMeasurement', 'MinTcb', 'AllowUnattested')
foreach ($name in $secureOnly) {
    if (-not $Secure -and $PSBoundParameters.ContainsKey($name)) { Stop-WithSentence "-$name needs -Secure." 2 }
}

# Parameters are compared without regard to case; the ids are lower case.
$Exchange = $Exchange.ToLowerInvariant()
$AccountType = $AccountType.ToLowerInvariant()
if (-not $ApiKey) { $ApiKey = Read-Unseen 'API key' }
if (-not $Secret) { $Secret = Read-Unseen 'Secret' }
if ($ApiKey.Length -lt 10 -or $Secret.Length -lt 10) {
    Stop-WithSentence 'The API key and the secret have at least 10 characters each.' 2
}

if ($Secure) { Register-Securely } else { Register-InPlainText }
