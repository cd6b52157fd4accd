# The portal of LemonLDAP::NG with somebody of ours among its demonstration accounts; the settings are a file.
# The portal loads a captcha even where it asks for none; one that draws nothing spares a drawing library.
package NoCaptcha;
use Mouse;
extends 'Lemonldap::NG::Portal::Main::Plugin';
sub init { 1 }
$INC{'NoCaptcha.pm'} = __FILE__;

package main;
use Lemonldap::NG::Portal::Main;
use Lemonldap::NG::Portal::UserDB::Demo;

%Lemonldap::NG::Portal::UserDB::Demo::demoAccounts = (
    petra => {
        uid      => 'petra',
        entry    => '5f8d0c2b7a6e4d3c9b1a0f2e',
        cn       => 'Petra Nordlund',
        mail     => 'petra@example.com',
        given    => 'Petra',
        family   => 'Nordlund',
        verified => 1,
        picture  => 'https://people.example.com/petra.png',
    },
);
%Lemonldap::NG::Portal::UserDB::Demo::demoGroups = ();

Lemonldap::NG::Portal::Main->run( {} );
