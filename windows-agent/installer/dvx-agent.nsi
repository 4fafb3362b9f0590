; The installer of the OpenDVX guest agent.
;   dvx-agent-setup.exe /S [/SERVER=HOST:PORT /TOKENFILE=FILE | /SERVER=HOST:PORT /TOKEN=TEXT] [/D=FOLDER]
; Running it again repairs or upgrades; settings and enrolment stay. Exit code: 0 done, 1 cancelled,
; 2 a part failed (the log below the data folder and the console output of `dvx-agent install` say which).
Target amd64-unicode
Unicode true
ManifestSupportedOS all
RequestExecutionLevel admin
SetCompressor /SOLID lzma
Name "OpenDVX Guest Agent"
OutFile "${OUT}\dvx-agent-setup.exe"
InstallDir "$PROGRAMFILES64\OpenDVX"
BrandingText "OpenDVX"
ShowInstDetails show
XPStyle on

!include "FileFunc.nsh"
!include "LogicLib.nsh"

; The key never changes: an upgrade finds what it replaces.
!define UNINSTALL_KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\OpenDVX Guest Agent"

Page instfiles
UninstPage uninstConfirm
UninstPage instfiles

Var Server
Var TokenFile
Var TokenText
Var Code

Function .onInit
  SetRegView 64
  ReadRegStr $0 HKLM "SOFTWARE\Microsoft\Windows NT\CurrentVersion" "CurrentBuildNumber"
  ${If} $0 < 7601
    IfSilent +2
      MessageBox MB_OK|MB_ICONSTOP "OpenDVX needs Windows Server 2008 R2 SP1 or later."
    SetErrorLevel 2
    Quit
  ${EndIf}
  ${GetParameters} $0
  ${GetOptions} $0 "/SERVER=" $Server
  ${GetOptions} $0 "/TOKENFILE=" $TokenFile
  ${GetOptions} $0 "/TOKEN=" $TokenText
  ; An earlier place is kept, unless another is asked for.
  ReadRegStr $1 HKLM "${UNINSTALL_KEY}" "InstallLocation"
  ${If} $1 != ""
  ${AndIf} $INSTDIR == "$PROGRAMFILES64\OpenDVX"
    StrCpy $INSTDIR $1
  ${EndIf}
FunctionEnd

Section "Agent"
  SetRegView 64
  SetShellVarContext all
  ; The files must not be in use; a freeze that runs is released first.
  ${If} ${FileExists} "$INSTDIR\dvx-agent.exe"
    nsExec::ExecToLog '"$INSTDIR\dvx-agent.exe" stop'
    Pop $Code
  ${EndIf}
  SetOutPath "$INSTDIR"
  SetOverwrite on
  File "${OUT}\dvx-agent.exe"
  File "${OUT}\dvx-vss-provider.dll"
  File "${OUT}\dvx-vss-provider.tlb"
  File "README.md"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  WriteRegStr HKLM "${UNINSTALL_KEY}" "DisplayName" "OpenDVX Guest Agent"
  WriteRegStr HKLM "${UNINSTALL_KEY}" "DisplayVersion" "1.0"
  WriteRegStr HKLM "${UNINSTALL_KEY}" "Publisher" "OpenDVX"
  WriteRegStr HKLM "${UNINSTALL_KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKLM "${UNINSTALL_KEY}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKLM "${UNINSTALL_KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKLM "${UNINSTALL_KEY}" "NoModify" 1
  WriteRegDWORD HKLM "${UNINSTALL_KEY}" "NoRepair" 1

  nsExec::ExecToLog '"$INSTDIR\dvx-agent.exe" install --no-start'
  Pop $Code
  ${If} $Code != 0
    DetailPrint "dvx-agent install failed: $Code"
    SetErrorLevel 2
    Goto done
  ${EndIf}

  ${If} $Server != ""
    ; The token reaches the agent in a file: a command line can be read by everybody.
    ${If} $TokenFile == ""
    ${AndIf} $TokenText != ""
      InitPluginsDir
      StrCpy $TokenFile "$PLUGINSDIR\token"
      FileOpen $0 $TokenFile w
      FileWrite $0 $TokenText
      FileClose $0
    ${EndIf}
    ${If} $TokenFile != ""
      nsExec::ExecToLog '"$INSTDIR\dvx-agent.exe" enroll --server "$Server" --token-file "$TokenFile"'
      Pop $Code
      ${If} $TokenText != ""
        Delete $TokenFile
      ${EndIf}
      ${If} $Code != 0
        DetailPrint "dvx-agent enroll failed: $Code"
        SetErrorLevel 2
      ${EndIf}
    ${EndIf}
  ${EndIf}

  nsExec::ExecToLog '"$INSTDIR\dvx-agent.exe" install'
  Pop $Code
  ${If} $Code != 0
    DetailPrint "the service did not start: $Code"
    SetErrorLevel 2
  ${EndIf}
  done:
SectionEnd

Section "Uninstall"
  SetRegView 64
  SetShellVarContext all
  nsExec::ExecToLog '"$INSTDIR\dvx-agent.exe" stop'
  Pop $0
  nsExec::ExecToLog '"$INSTDIR\dvx-agent.exe" uninstall'
  Pop $0
  ${If} $0 != 0
    DetailPrint "dvx-agent uninstall failed: $0"
    SetErrorLevel 2
    Abort
  ${EndIf}
  Delete /REBOOTOK "$INSTDIR\dvx-agent.exe"
  Delete /REBOOTOK "$INSTDIR\dvx-vss-provider.dll"
  Delete "$INSTDIR\dvx-vss-provider.tlb"
  Delete "$INSTDIR\README.md"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
  DeleteRegKey HKLM "${UNINSTALL_KEY}"
SectionEnd
